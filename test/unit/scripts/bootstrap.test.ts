import { beforeEach, describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../constructs/topology.js';
import { generateSecrets, type Secrets } from '../../../scripts/kit/secrets.js';
import type { Docker } from '../../../scripts/live/docker.js';
import { bootstrap, type BootstrapTools } from '../../../scripts/steps/bootstrap.js';
import { fakeCluster, type FakeCluster, type FakeNode } from './fake-cluster.js';
import { fakeClock, silentReport } from './fakes.js';

let saved: Secrets[];
let kept: Secrets | undefined;
beforeEach(() => {
  saved = [];
  kept = undefined;
});

function tools(cluster: FakeCluster, changes: Partial<BootstrapTools> = {}): BootstrapTools {
  return {
    docker: cluster.docker,
    openSql: (password) => {
      cluster.passwords.push(password);
      return cluster.sql;
    },
    clock: fakeClock(),
    report: silentReport(),
    provider: 'registry',
    secrets: {
      load: () => kept,
      save: (secrets) => {
        saved.push(secrets);
        kept = secrets;
      },
      recover: () => Promise.resolve(undefined),
    },
    ...changes,
  };
}

const topology = (nodes: number, reloadable = '') => ({
  ...clusterTopology({ nodes, prefix: 'pgraft', postgresPort: 5432, raftPort: 7001, bindAddress: '127.0.0.1' }),
  reloadable,
});
const reloads = (nodes: number) =>
  ['primary', 'replica1', 'replica2'].slice(0, nodes).map((name) => `${name} settings`);

const member = {
  data: 'present',
  raft: 'present',
  formation: 'consumed',
  configured: 'yes',
  incarnation: 'match',
  phase: 'running',
} as const;

describe('bootstrap', () => {
  it('configures all, initialises node 1, copies it, and remembers that the group has formed', async () => {
    const cluster = fakeCluster([{}, {}, {}]);
    await bootstrap(topology(3), tools(cluster));

    expect(cluster.orders.slice(0, 3).sort()).toEqual([
      'primary configure',
      'replica1 configure',
      'replica2 configure',
    ]);
    expect(cluster.orders.slice(3)).toEqual([
      'primary initialize',
      'replica1 clone pgraft-primary 5432',
      'replica2 clone pgraft-primary 5432',
    ]);
    expect(saved[0]).toMatchObject({ formed: false });
    expect(kept).toMatchObject({ formed: true, members: [1, 2, 3] });
    expect(cluster.passwords).toEqual([kept?.superuser_password]);
  });

  it('hands the same secrets, the whole cluster and one token to every server, over standard input only', async () => {
    const cluster = fakeCluster([{}, {}, {}]);
    await bootstrap(topology(3), tools(cluster));

    const inputs = [...cluster.inputs.values()];
    expect(new Set(inputs).size).toBe(1);
    expect(cluster.inputs.size).toBe(3);
    expect(inputs[0]).toContain(
      'initial_cluster=primary=pgraft-primary:7001,replica1=pgraft-replica1:7002,replica2=pgraft-replica2:7003\n',
    );
    expect(inputs[0]).toContain(`formation_token=${kept?.formation_token ?? 'missing'}\n`);
    expect(cluster.orders.join(' ')).not.toContain(kept?.superuser_password);
  });

  it('brings up a cluster of one', async () => {
    const cluster = fakeCluster([{}]);
    await bootstrap(topology(1), tools(cluster));
    expect(cluster.orders).toEqual(['primary configure', 'primary initialize']);
    expect(kept).toMatchObject({ formed: true, members: [1] });
  });

  it('goes on with the secrets and the token of the run that was broken off', async () => {
    kept = generateSecrets();
    const before = kept;
    const told = { configured: 'yes', formation: 'token' } as const;
    const cluster = fakeCluster([{ ...told, data: 'present', phase: 'running' }, told, told]);
    await bootstrap(topology(3), tools(cluster));
    expect(cluster.orders).not.toContain('primary initialize');
    expect(cluster.inputs.get('pgraft-replica1')).toContain(before.formation_token);
    expect(kept).toEqual({ ...before, formed: true, members: [1, 2, 3] });
  });

  it('takes lost secrets from a server rather than making new ones', async () => {
    const theirs = { ...generateSecrets(), formed: true };
    const cluster = fakeCluster([member, member, member]);
    const base = tools(cluster);
    await bootstrap(topology(3), { ...base, secrets: { ...base.secrets, recover: () => Promise.resolve(theirs) } });
    expect(cluster.passwords).toEqual([theirs.superuser_password]);
    expect(cluster.orders).toEqual(reloads(3));
  });

  it('changes nothing in a cluster that is there', async () => {
    kept = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
    const cluster = fakeCluster([member, member, member]);
    await bootstrap(topology(3), tools(cluster));
    expect(cluster.orders).toEqual(reloads(3));
  });

  it('hands settings that a reload can take to every server, the first one alone', async () => {
    kept = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
    const cluster = fakeCluster([member, member, member]);
    await bootstrap(topology(3, "work_mem = '8MB'"), tools(cluster));
    expect([...cluster.inputs.values()]).toEqual(Array(3).fill("work_mem = '8MB'\n"));

    const refusing = fakeCluster([member, member, member]);
    Object.assign(refusing.nodes[0]?.broken ?? {}, {
      settings: "pgraft-node: work_mem = 'x': setting could not be applied",
    });
    await expect(bootstrap(topology(3, "work_mem = 'x'"), tools(refusing))).rejects.toThrow(
      "pgraft-primary, settings of PostgreSQL: work_mem = 'x': setting could not be applied",
    );
    expect(refusing.orders).toEqual(['primary settings']);
  });

  it('initialises nothing while one server cannot be asked, and says which', async () => {
    const cluster = fakeCluster([{}, {}, {}]);
    const third = cluster.nodes[2];
    if (third !== undefined) third.deaf = 'container pgraft-replica2 is not running';
    await expect(bootstrap(topology(3), tools(cluster))).rejects.toThrow(
      /for pgraft-replica2 to answer; last seen: container pgraft-replica2 is not running; .*nothing was initialised/,
    );
    expect(cluster.orders).toEqual([]);
    expect(saved).toEqual([]);
  });

  it('stops without a change when all volumes were lost', async () => {
    kept = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
    const cluster = fakeCluster([{}, {}, {}]);
    await expect(bootstrap(topology(3), tools(cluster))).rejects.toThrow('all volumes were lost');
    expect(cluster.orders).toEqual([]);
    expect(saved).toEqual([]);
  });

  it('says which server and which step failed', async () => {
    const cluster = fakeCluster([{}, {}, {}]);
    Object.assign(cluster.nodes[1]?.broken ?? {}, { clone: 'pgraft-node: there is data here' });
    await expect(bootstrap(topology(3), tools(cluster))).rejects.toThrow(
      'pgraft-replica1, pgraft-node clone pgraft-primary 5432: pgraft-node: there is data here',
    );
    expect(kept?.formed).toBe(false);
  });

  it('stops when a server has not come up in ten seconds of starts, and says why', async () => {
    const cluster = fakeCluster([{}]);
    const clock = fakeClock();
    const failing = afterInitialize(cluster, {
      phase: 'starting',
      message: 'PostgreSQL ended with status 1 (port is "x")',
    });
    await expect(bootstrap(topology(1), { ...tools(cluster, { clock }), docker: failing })).rejects.toThrow(
      'pgraft-primary refuses to start: PostgreSQL ended with status 1 (port is "x"); see docker logs pgraft-primary',
    );
    const waited = clock.slept.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(10_000);
    expect(waited).toBeLessThan(11_000);
  });

  it('stops at once when a server refuses to start', async () => {
    const cluster = fakeCluster([{}]);
    const clock = fakeClock();
    const refusing = afterInitialize(cluster, { phase: 'refused', message: 'no space left on device' });
    await expect(bootstrap(topology(1), { ...tools(cluster, { clock }), docker: refusing })).rejects.toThrow(
      'pgraft-primary refuses to start: no space left',
    );
    expect(clock.slept.length).toBeLessThan(20);
  });
});

/** The cluster's Docker, with node 1 down and in another state from when it was told to initialise. */
function afterInitialize({ docker, nodes }: FakeCluster, changes: Partial<FakeNode['state']>): Docker {
  const [first] = nodes;
  if (first === undefined) throw new Error('one server');
  return {
    ...docker,
    exec: async (name, command, options) => {
      const outcome = await docker.exec(name, command, options);
      if (command[1] === 'initialize') {
        first.up = false;
        first.state = { ...first.state, ...changes };
      }
      return outcome;
    },
  };
}
