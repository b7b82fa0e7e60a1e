/**
 * Terraform's Docker providers do not begin without an engine that answers a ping, also where they have nothing to ask it. Where
 * Docker is out of reach this answers that one question, and no other.
 */
import { createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The oldest that the engines have which we support (20.10). */
const apiVersion = '1.41';

/** Do `work` with an environment in which a Docker engine answers pings. */
export async function withDockerStandIn<T>(work: (env: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  // short: the path of a socket may have some hundred characters only
  const directory = mkdtempSync(join(tmpdir(), 'pgraft-'));
  const socket = join(directory, 'docker.sock');
  const server = createServer(({ url = '' }, response) => {
    const ping = /^(\/v[\d.]+)?\/_ping$/.test(url);
    response.writeHead(ping ? 200 : 503, { 'api-version': apiVersion, ostype: 'linux' });
    response.end(ping ? 'OK' : JSON.stringify({ message: 'Docker is out of reach' }));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(socket, resolve);
    });
    // an empty one counts as none
    return await work({
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_TLS_VERIFY: '',
      DOCKER_CERT_PATH: '',
      DOCKER_CONTEXT: '',
    });
  } finally {
    server.closeAllConnections();
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
