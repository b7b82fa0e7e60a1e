/** The image that the node image is built from: pulled, or made from Debian's packages where Docker Hub is out of reach. */
import { aptInstall, attempt, mayInstall, run, tail, which } from './command.mjs';
import { SetupError } from './report.mjs';

const image = 'debian:trixie-slim';
const release = 'trixie';
const pullSeconds = 180;

/** @param {(line: string) => void} note */
export async function ensureBaseImage(note) {
  const present = await attempt('docker', ['image', 'inspect', '--format', '{{.Id}}', image], { seconds: 15 });
  if (present.code === 0) return `${image} is present`;
  note(`pulling ${image}`);
  const pull = await attempt('docker', ['pull', '--quiet', image], { seconds: pullSeconds });
  if (pull.code === 0) return `${image} pulled`;
  const why = pull.timedOut ? `no answer within ${pullSeconds} s` : tail(pull.stderr).split('\n').at(-1);
  if (!mayInstall()) {
    throw new SetupError(
      `${image} cannot be pulled: ${why}`,
      `give this machine a way to Docker Hub, or load that image with \`docker load\`; setup makes it itself only as root on Debian or Ubuntu`,
    );
  }
  note(`cannot be pulled (${why}); making it from Debian packages`);
  if (which('mmdebstrap') === undefined) await aptInstall(['mmdebstrap', 'debian-archive-keyring']);
  const make = `set -o pipefail; mmdebstrap --quiet --variant=minbase --include=ca-certificates ${release} - | docker import --change 'CMD ["bash"]' - ${image}`;
  await run('bash', ['-c', make], {
    seconds: 600,
    fix: 'see that the Debian mirror of this machine works (`apt-get update`), then run this again',
  });
  return `${image} made with mmdebstrap`;
}
