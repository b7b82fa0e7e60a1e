import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/node-container.js';
import { challengeSize, converse, helloSize, proofSize } from './raft-client.js';
import { ServerGroup, type Server } from './server-group.js';

const relayScript = fileURLToPath(new URL('relay.pl', import.meta.url));

let group: ServerGroup;
let relay: string;
let listener: Server;

/** Two servers that form a group; the second one's address in it is that of a relay, which records what the first one says. */
beforeAll(async () => {
  group = await ServerGroup.create(['primary', 'replica1'], (place, { id, raftPort }) =>
    id === 2 ? ['--env', `PGRAFT_ADVERTISE_ADDRESS=${place.prefix}-relay:${raftPort}`] : [],
  );
  listener = group.servers[1] as Server;
  relay = `${group.place.prefix}-relay`;
  docker([
    ...['run', '--detach', '--name', relay, '--network', group.place.network, '--entrypoint', 'sleep'],
    ...[group.place.image, 'infinity'],
  ]);
  docker(
    ['exec', '--interactive', relay, 'sh', '-c', 'cat > /tmp/relay.pl; mkdir /tmp/kept'],
    readFileSync(relayScript, 'utf8'),
  );
  const port = String(listener.raftPort);
  docker(['exec', '--detach', relay, 'perl', '/tmp/relay.pl', port, listener.hostname, port, '/tmp/kept']);
  const initial_cluster = `${group.primary.member},replica1=${relay}:${port}`;
  for (const server of group.servers) {
    server.configure({ initial_cluster, formation_token: 'once' });
    server.exec(['pgraft-node', 'initialize']);
  }
});
afterAll(() => {
  spawnSync('docker', ['rm', '--force', '--volumes', relay]);
  group.remove();
});
beforeEach(() => {
  group.showLogsOnFailure();
});

/** What the first server said in a connection that went beyond the greeting. */
function recorded(): Buffer {
  const script = `find /tmp/kept -type f -size +${helloSize + proofSize}c | head -n 1 | xargs -r cat`;
  return execFileSync('docker', ['exec', relay, 'sh', '-c', script], { timeout: 10_000 });
}

it('a recorded greeting, played back, is refused, although the original was good', async () => {
  await listener.shows({ leader_id: 1, state: 'follower', quorum_met: true }, 20_000);
  const whole = helloSize + proofSize;
  const greeting = await eventually('a recorded greeting', recorded, (bytes) => bytes.length > 0, 20_000);

  const { current_term, leader_id } = await listener.status();
  const pieces = [greeting.subarray(0, helloSize), greeting.subarray(helloSize, whole), greeting.subarray(whole)];
  const answer = await converse(listener.ports.raft, pieces);
  expect(answer).toHaveLength(challengeSize);
  await listener.logs('refused: not authenticated');
  expect(await listener.status()).toMatchObject({ current_term, leader_id, state: 'follower', quorum_met: true });
});
