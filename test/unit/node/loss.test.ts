import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crashStride, data, ownSystem, rejoinFile, type RejoiningNode } from './rejoining-node.js';
import { LosingMember, raft } from './losing-member.js';
import { secrets } from './node-shell.js';

/** Each run of the loop starts some hundred processes. */
vi.setConfig({ testTimeout: 60_000 });

let node: LosingMember;
beforeEach(() => {
  node = new LosingMember();
});
afterEach(() => {
  node.dispose();
});

/** What was done to a member, and whether its data can be used on. */
const losses: Record<string, { lose: (of: RejoiningNode) => void; rows: 'old' | 'new' }> = {
  'the Raft directory': {
    lose: (of) => {
      of.remove(raft);
    },
    rows: 'old',
  },
  'the Raft log': {
    lose: (of) => {
      of.remove(`${raft}/raft`);
    },
    rows: 'old',
  },
  'the agreement of data and Raft state': {
    lose: (of) => {
      of.write(`${raft}/incarnation`, `${'0'.repeat(32)}\n`);
    },
    rows: 'old',
  },
  'what the consensus worker could read': {
    lose: (of) => {
      of.write(`${raft}/lost`, 'its log has a hole\n');
    },
    rows: 'old',
  },
  'the data': {
    lose: (of) => {
      of.remove(data);
    },
    rows: 'new',
  },
  'the data and the Raft directory': {
    lose: (of) => {
      of.remove(data);
      of.remove(raft);
    },
    rows: 'new',
  },
  'the incarnation beside the data': {
    lose: (of) => {
      of.remove(`${data}/pgraft.incarnation`);
    },
    rows: 'new',
  },
  "the chain's form": {
    lose: (of) => {
      of.write(`${data}/pgraft.chain`, '3 x 0/4000000 2 1\n');
    },
    rows: 'new',
  },
  "the rejoin file's form": {
    lose: (of) => {
      of.write(rejoinFile, 'how often\n');
    },
    rows: 'new',
  },
  'the Raft directory, in the midst of a rewind': {
    lose: (of) => {
      of.remove(raft);
      of.remove(`${data}/pgraft.incarnation`);
      of.write(`${data}/half`, 'half');
    },
    rows: 'new',
  },
  'the Raft log, in the midst of a rewind': {
    lose: (of) => {
      of.request('rewind', { state: 'working' });
      of.remove(`${raft}/raft`);
      of.write(`${data}/half`, 'half');
    },
    rows: 'new',
  },
};

/** Where a server without members knows whom to ask from. */
const initialCluster = 'primary=host1:7001,replica1=host2:7002,replica2=host3:7003';

describe('R4: a member that has lost', () => {
  it.each(Object.keys(losses))('%s begins anew, and waits to be added', (what) => {
    node.configure({ ...secrets, initial_cluster: initialCluster });
    losses[what]?.lose(node);
    node.primary('host2');
    node.turn();
    node.expectAnew(losses[what]?.rows ?? 'old');
    expect(node.ran).toEqual(losses[what]?.rows === 'new' ? ['pg_basebackup'] : []);
  });

  it.each(Object.keys(losses).filter((what) => losses[what]?.rows === 'new'))(
    '%s touches nothing and starts nothing while there is no primary',
    (what) => {
      losses[what]?.lose(node);
      const kept = node.has(`${data}/rows`);
      node.turn({ until: 'waits for a confirmed primary, to copy its data$' });
      expect(node.started()).toBeUndefined();
      expect(node.has(`${data}/rows`)).toBe(kept);
    },
  );

  it('nothing but the request of a rejoin is left with whole data: it is asked for again when it is a member', () => {
    node.request('rewind');
    node.remove(`${raft}/raft`);
    node.turn();
    node.expectAnew('old');
  });

  it.each(['done', 'requested'])(
    'its Raft state stays a witness of what its data was before a rejoin that is not complete (R3, %s)',
    (state) => {
      node.request('rewind', { state, data: 'incomplete' });
      node.remove(`${raft}/raft`);
      node.turn();
      expect(node.started()).toBe('old');
      expect(node.state()).toMatchObject({ lost: 'yes', incarnation: 'match' });
      expect(node.rejoin()).toMatchObject({ state: 'done', data: 'incomplete', end: '0/4000100' });
      expect(node.command(['position']).stdout).toContain('data=incomplete\n');
    },
  );

  it('its data takes no copy from another cluster', () => {
    node.remove(data);
    node.primary('host2', { system: '42' });
    expect(node.turn({ until: 'different clusters' })).toContain(`had system identifier ${ownSystem}`);
    expect(node.ran).toEqual([]);
  });

  it('its data copies again when the primary has changed meanwhile (R7)', () => {
    node.remove(data);
    node.primary('host2');
    node.write('after.copy', `8 3 ${ownSystem} 0/7000000\n`);
    node.turn();
    node.expectAnew('new');
    expect(node.ran).toEqual(['pg_basebackup', 'pg_basebackup']);
  });

  it('is no loss any more when it has been added', () => {
    node.remove(`${raft}/raft`);
    node.turn();
    node.write(`${raft}/formed`, 'node_id=1\njoined_at=7\n');
    node.write(`${raft}/raft/metadata1`, 'x');
    expect(node.state()).toMatchObject({ lost: 'no' });
    node.turn();
    expect(node.has(`${raft}/renewed`)).toBe(false);
  });
});

describe('S7: whatever it dies of, and whenever, a member that has lost', () => {
  it.each(['the agreement of data and Raft state', 'the data', "the rejoin file's form"])(
    '%s is started only anew',
    (what) => {
      const rows = losses[what]?.rows ?? 'old';
      let crashes = 0;
      for (let crashAt = 1; ; crashAt += crashStride) {
        node.dispose();
        node = new LosingMember();
        losses[what]?.lose(node);
        node.primary('host2');
        const { status, stderr } = node.run({ crashAt });
        if (status === 0) break;
        expect(status, stderr).toBe(137);
        crashes += 1;
        // it may die with PostgreSQL just begun
        if (node.started() === undefined) node.turn();
        node.expectAnew(rows, `dead before step ${crashAt}`);
      }
      node.expectAnew(rows);
      expect(crashes).toBeGreaterThan(20 / crashStride);
    },
    180_000,
  );
});
