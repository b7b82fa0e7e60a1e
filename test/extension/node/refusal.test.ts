import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { docker, NodeContainer, setUp, tearDown } from './node-container.js';

const data = '/var/lib/postgresql/17/main';
let node: NodeContainer;

beforeAll(setUp);
afterAll(tearDown);
beforeEach(async () => {
  node = new NodeContainer('primary', 1);
  node.create();
  await node.reaches({ phase: 'waiting' });
});
afterEach(() => {
  node.dispose();
});

async function initialize(): Promise<void> {
  node.configure();
  node.exec(['pgraft-node', 'initialize']);
  await node.reaches({ phase: 'running' });
}

/** Stop the node, change something in its volume, start it again. */
function whileStopped(change: string): void {
  node.exec(['sh', '-c', `(${change}) && sync`]);
  docker(['restart', node.hostname]);
}

/** All files below a directory with their sums. */
const sums = () => node.exec(['sh', '-c', `find ${data} -type f -exec sha256sum {} + | sort`]);

describe('a node refuses, says why, and touches nothing', () => {
  it('S7: when the data directory came from elsewhere', async () => {
    node.configure();
    node.exec(['sh', '-c', `mkdir -p 17 && initdb -D ${data} >/dev/null && rm -rf pgraft`]);
    const before = sums();
    docker(['restart', node.hostname]);
    const { message } = await node.reaches({ phase: 'refused', data: 'present' });
    expect(message).toContain('was not made by this cluster');
    expect(node.attempt(['pgraft-node', 'initialize']).status).toBe(1);
    expect(sums()).toBe(before);
  });
});

describe('R4: a node that has lost what made it a member', () => {
  const incarnation = () => node.exec(['cat', `${data}/pgraft.incarnation`]);

  it.each([
    ['its Raft directory', 'rm -r pgraft', 'its Raft state is lost'],
    ['its Raft log', 'rm -rf pgraft/raft && echo node_id=1 > pgraft/formed', 'the Raft log is lost'],
    [
      'the agreement of data and Raft state',
      'echo 00000000000000000000000000000000 > pgraft/incarnation',
      'do not belong',
    ],
  ])('%s waits as another incarnation to be added, and is never promoted', async (_, change, why) => {
    await initialize();
    const before = incarnation();
    whileStopped(change);
    const { message } = await node.reaches(
      { phase: 'running', lost: 'yes', incarnation: 'match', formation: 'consumed' },
      20_000,
    );
    expect(message).toContain(why);
    expect(incarnation()).not.toBe(before);
    expect(node.attempt(['psql', '-XAtqU', 'postgres', '-c', 'SELECT pgraft_init()']).status).not.toBe(0);
    expect(node.sql('SELECT pg_is_in_recovery()')).toBe('t');
  });

  it('its data waits for a primary to copy from, and stops at once nevertheless', async () => {
    await initialize();
    whileStopped('mv 17/main 17/gone');
    const { message } = await node.reaches({ phase: 'waiting', data: 'none', lost: 'yes' });
    expect(message).toContain('the data is lost but its Raft state is here: waits for a confirmed primary');
    expect(node.attempt(['pgrep', '-x', 'postgres']).status).toBe(1);
    expect(node.attempt(['pgraft-node', 'health']).stderr).toContain('PostgreSQL does not run: waiting');
    const started = Date.now();
    docker(['stop', node.hostname]);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(node.inspect('{{.State.ExitCode}}')).toBe('0');
  });
});

describe('unfinished work', () => {
  it('is done anew: a half-made data directory is never started', async () => {
    node.exec(['sh', '-c', 'mkdir -p 17/main.new && echo 17 > 17/main.new/PG_VERSION']);
    docker(['restart', node.hostname]);
    await node.reaches({ phase: 'waiting', data: 'none' });
    await initialize();
    expect(node.attempt(['test', '-e', '/var/lib/postgresql/17/main.new']).status).toBe(1);
  });

  it('goes on after a kill in the midst of it', async () => {
    node.configure();
    node.exec(['pgraft-node', 'initialize']);
    await node.reaches({ phase: 'initializing' });
    docker(['kill', node.hostname]);
    docker(['start', node.hostname]);
    await node.reaches({ phase: 'running', incarnation: 'match' });
  });

  it('ends at once when the container is stopped', async () => {
    const started = Date.now();
    docker(['stop', node.hostname]);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(node.inspect('{{.State.ExitCode}}')).toBe('0');
    docker(['start', node.hostname]);
    await node.reaches({ phase: 'waiting' });
  });
});

describe('a setting that PostgreSQL refuses', () => {
  it.each([
    ["work_mem = 'a lot'", 'invalid value for parameter "work_mem": "a lot"'],
    ["pgraft.election_timeout = 'soon'", 'invalid value for parameter "pgraft.election_timeout": "soon"'],
  ])('is named in the state, and the server is tried again with pauses: %s', async (setting, complaint) => {
    node.dispose();
    node = new NodeContainer('primary', 1, { settings: setting });
    node.create();
    await node.reaches({ phase: 'waiting' });
    node.configure();
    node.exec(['pgraft-node', 'initialize']);
    const again = 'it is started again as a standby';
    await node.logs(again);
    await node.logs(again, node.log().indexOf(again) + again.length);
    const { message } = await node.reaches({ phase: 'starting' });
    expect(message).toMatch(/^PostgreSQL ended with status 1 /);
    expect(message).toContain(complaint);
  });
});
