/**
 * What a user does who has no right to use Docker; undefined when `problem`, what docker said, is another one.
 *
 * @param {string} problem
 */
export function fixOfMissingRight(problem) {
  // not ssh's "Permission denied (publickey)", with which no group helps
  if (!/permission denied while trying to connect to the docker|connect: permission denied/i.test(problem)) {
    return undefined;
  }
  return 'run as a user who may use Docker: root, or a member of the group docker (`sudo usermod -aG docker $USER`, then log in again)';
}
