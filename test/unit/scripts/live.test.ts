import { describe, expect, it } from 'vitest';
import { connectionUrl } from '../../../scripts/live/connection-url.js';
import { readContainers } from '../../../scripts/live/docker.js';
import { mergeLines, readLogLine } from '../../../scripts/live/log-merge.js';
import { readState } from '../../../scripts/live/node-state.js';
import { pickNode, pickPrimary } from '../../../scripts/live/pick.js';
import { nameOfApplication, readNode } from '../../../scripts/live/read-node.js';
import type { Sql } from '../../../scripts/live/sql.js';
import { readCluster } from '../../../scripts/live/read.js';
import { cdktfArguments, cdktfEnvironment } from '../../../scripts/kit/terraform.js';
import { fakeCluster } from './fake-cluster.js';
import { container, failed, fakeDocker, healthyView, state, stateLines, withNode } from './fakes.js';

describe('readContainers', () => {
  const inspected = (changes: object) =>
    JSON.stringify([
      {
        Id: 'abc',
        Name: '/pgraft-replica1',
        State: {
          Status: 'running',
          ExitCode: 0,
          StartedAt: '2026-01-02T03:04:05Z',
          FinishedAt: '0001-01-01T00:00:00Z',
          Health: { Status: 'healthy' },
        },
        Config: { Labels: { 'pgraft.cluster': 'pgraft', 'pgraft.node': '2' } },
        HostConfig: { PortBindings: { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: '5433' }] } },
        NetworkSettings: { Networks: { 'pgraft-network': {} } },
        ...changes,
      },
    ]);

  it('reads what docker inspect prints', () => {
    expect(readContainers(inspected({}))).toEqual([
      container(2, { id: 'abc', postgres: { host: '127.0.0.1', port: 5433 } }),
    ]);
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['', '127.0.0.1'],
    ['192.0.2.7', '192.0.2.7'],
    ['::', '::1'],
  ])('reaches what is published on %j at %s', (HostIp, host) => {
    const HostConfig = { PortBindings: { '5432/tcp': [{ HostIp, HostPort: '5433' }] } };
    expect(readContainers(inspected({ HostConfig }))[0]?.postgres).toEqual({ host, port: 5433 });
  });

  it('has a stopped container since it stopped, without a health', () => {
    const State = { Status: 'exited', ExitCode: 137, StartedAt: 'then', FinishedAt: 'now' };
    expect(readContainers(inspected({ State }))[0]).toMatchObject({
      status: 'exited',
      since: 'now',
      health: undefined,
    });
  });

  it('says so when docker answers in another form', () => {
    expect(() => readContainers(inspected({ State: {} }))).toThrow('in a form we do not know');
  });
});

describe('readState', () => {
  it('reads the lines of pgraft-node state, values with = in them and unknown keys too', () => {
    const text = `${stateLines(state({ phase: 'refused', message: 'work_mem=x is bad' }))}later=yes\n`;
    expect(readState(text)).toEqual({ asked: true, state: state({ phase: 'refused', message: 'work_mem=x is bad' }) });
  });

  it('takes an answer that it cannot read for none', () => {
    expect(readState('data=perhaps\n')).toMatchObject({
      asked: false,
      problem: expect.stringContaining('data') as string,
    });
  });
});

describe('readCluster', () => {
  const sources = { prefix: 'pgraft', provider: 'registry' } as const;
  const whole = { data: 'present', phase: 'running' } as const;

  it('is undefined when nothing carries the label', async () => {
    const docker = fakeDocker([], () => failed('no'));
    expect(await readCluster({ ...sources, docker, sql: undefined })).toBeUndefined();
  });

  it('asks every server', async () => {
    const { docker, sql } = fakeCluster([whole, whole]);
    const view = await readCluster({ ...sources, docker, sql });
    expect(view?.nodes.map(({ raft }) => raft.available && raft.state)).toEqual(['leader', 'follower']);
    expect(view?.members.map(({ id }) => id)).toEqual([1, 2]);
  });

  it('has servers of which only the volume or the membership is left as missing', async () => {
    const { docker, sql } = fakeCluster([whole, whole]);
    const objects = { containers: [container(1)], volumes: ['pgraft-replica2-data', 'strange'], networks: [] };
    const view = await readCluster({ ...sources, docker, sql }, { objects });
    expect(view?.nodes.map(({ id, docker: { status } }) => [id, status])).toEqual([
      [1, 'running'],
      [2, 'missing'],
      [3, 'missing'],
    ]);
  });

  it('asks the entry point of a server whose PostgreSQL does not answer, and no stopped one', async () => {
    const { docker, sql } = fakeCluster([whole, { phase: 'cloning', message: '3 %' }]);
    const containers = [container(1, { status: 'paused' }), container(2)];
    const view = await readCluster({ ...sources, docker, sql }, { objects: { containers, volumes: [], networks: [] } });
    expect(view?.nodes[0]?.postgres).toEqual({ accepting: false, problem: 'the container is paused' });
    expect(view?.nodes[0]?.entryPoint).toBeUndefined();
    expect(view?.nodes[1]?.entryPoint).toMatchObject({ asked: true, state: { phase: 'cloning' } });
  });
});

describe('nameOfApplication', () => {
  it.each([
    ['replica1', 'replica1'],
    ['replica1_0a1b2c', 'replica1'],
    ['replica2-77ff', 'replica2'],
    ['primary.0a', 'primary'],
    ['pg_basebackup', 'pg'],
    ['replica12', 'replica12'],
    ['pgraft_node_1_incomplete', 'primary'],
    ['pgraft_node_3_incomplete', 'replica2'],
  ])('%s is of %s', (given, expected) => {
    expect(nameOfApplication(given)).toBe(expected);
  });
});

describe('readNode', () => {
  it('tells standbys from servers that are being copied, and whole ones from those that are being completed', async () => {
    const stream = (name: string, state: string) => ({ application_name: name, state, sync_state: 'async' });
    const rows = [
      stream('pgraft_node_3_incomplete', 'streaming'),
      stream('replica1_0a1b2c3d', 'streaming'),
      stream('replica3_clone', 'backup'),
    ];
    const sql: Sql = {
      query: (_, text) => Promise.resolve(text.includes('pg_stat_replication') ? rows : [{ in_recovery: false }]),
      close: () => undefined,
    };
    const { postgres } = await readNode(sql, { host: 'h', port: 1 }, 100);
    const lags = { state: 'streaming', syncState: 'async', flushLagBytes: 0, replayLagBytes: 0 };
    expect(postgres).toMatchObject({
      streams: [
        { name: 'replica2', incomplete: true, ...lags },
        { name: 'replica1', ...lags },
      ],
    });
  });
});

describe('the log', () => {
  it('is merged by time, and lines of one server keep their order', () => {
    const at = (time: string, node: string, text: string) => readLogLine(node, `2026-01-02T03:04:${time}Z ${text}`, '');
    const lines = [
      at('05.000000002', 'primary', 'a2'),
      at('05.000000002', 'primary', 'a3'),
      at('05.000000001', 'replica1', 'b1'),
      at('05.000000002', 'replica1', 'b2'),
    ];
    expect(mergeLines(lines).map(({ text }) => text)).toEqual(['b1', 'a2', 'a3', 'b2']);
  });

  it('keeps a line without a time with the one before it', () => {
    expect(readLogLine('primary', 'error from daemon', 'T1')).toEqual({
      time: 'T1',
      node: 'primary',
      text: 'error from daemon',
    });
  });
});

describe('picking a server', () => {
  const view = healthyView(3);

  it.each(['replica1', 'pgraft-replica1', '2'])('knows %s', (given) => {
    expect(pickNode(view.nodes, given).id).toBe(2);
  });

  it('names those that there are when it is none of them', () => {
    expect(() => pickNode(view.nodes, 'replica9')).toThrow('choose one of primary, replica1, replica2');
  });

  it('takes the one that accepts writes, and says so when none does', () => {
    expect(pickPrimary(view).container).toBe('pgraft-primary');
    const stopped = withNode(view, 1, { postgres: { accepting: false, problem: 'stopped' } });
    expect(() => pickPrimary(stopped)).toThrow('no server accepts writes now');
  });
});

describe('connectionUrl', () => {
  it('has every server, and the password escaped', () => {
    const endpoints = [
      { host: '127.0.0.1', port: 5432 },
      { host: '::1', port: 5433 },
    ];
    expect(connectionUrl(endpoints, 'read-write', 'a/b')).toBe(
      'postgresql://app:a%2Fb@127.0.0.1:5432,[::1]:5433/app?target_session_attrs=read-write&connect_timeout=2',
    );
  });
});

describe('cdktf', () => {
  it('synthesizes another cluster to a directory of its own', () => {
    expect(cdktfArguments('deploy', 'pgraft', 'pgraft')).toEqual(['deploy', '*', '--auto-approve']);
    expect(cdktfArguments('destroy', 'two', 'pgraft').slice(-2)).toEqual(['--output', '.pgraft/two/cdktf.out']);
  });

  it('does not ask the registry where the embedded provider is chosen', () => {
    expect(cdktfEnvironment({ dockerProvider: 'embedded' }, 'tofu', true, {})).toEqual({
      CHECKPOINT_DISABLE: '1',
      TERRAFORM_BINARY_NAME: 'tofu',
      CDKTF_SKIP_PROVIDER_LOCK: 'true',
    });
    expect(cdktfEnvironment({ dockerProvider: 'registry' }, 'terraform', true)).not.toHaveProperty(
      'CDKTF_SKIP_PROVIDER_LOCK',
    );
  });
});
