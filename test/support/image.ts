/** The image of a node, built once and shared by all tests that run containers. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { imageContext, imageTag } from '../../constructs/image-tag.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const buildDeadline = 10 * 60_000;

/**
 * The tag that the stack gives this content, built unless it is there: the second test file and the cluster's deployment find it.
 * Two builds at once are harmless, they end in the same tag. PGRAFT_TEST_IMAGE names another image to test instead.
 *
 * @returns postgres-pgraft:17-<12 hex digits>
 * @throws Error with the end of the build's output
 */
export function ensureImage(): string {
  const chosen = process.env['PGRAFT_TEST_IMAGE'];
  if (chosen !== undefined) return chosen;
  return buildImage(imageTag(root), () => [imageContext(root)]);
}

/** @param args of `docker build`, asked for unless the image is there */
export function buildImage(tag: string, args: () => readonly string[]): string {
  if (docker(['image', 'inspect', tag]).status !== 0) build(tag, ['--tag', tag, ...args()]);
  return tag;
}

/** @returns the id of that stage of the image, which is made when it is not there yet */
export function buildStage(stage: string): string {
  return build(stage, ['--quiet', '--target', stage, imageContext(root)]).trim();
}

function build(what: string, args: readonly string[]): string {
  const { status, error, stdout, stderr } = docker(['build', ...args]);
  if (status !== 0) {
    throw new Error(`building ${what} failed (${error?.message ?? status}):\n${(stdout + stderr).slice(-3_000)}`);
  }
  return stdout;
}

function docker(args: readonly string[]) {
  return spawnSync('docker', args, { encoding: 'utf8', timeout: buildDeadline, maxBuffer: 64 * 1024 * 1024 });
}
