import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crashStride, data, incarnation, ownSystem, rejoinFile, RejoiningNode } from './rejoining-node.js';
import { secrets, volume } from './node-shell.js';

/** Each run of the loop starts some hundred processes. */
vi.setConfig({ testTimeout: 60_000 });

const raft = `${volume}/pgraft`;

/** A member whose Raft state is whole, before anything is lost. */
function member(): RejoiningNode {
  const made = new RejoiningNode();
  made.write(`${raft}/formation.consumed`, 'once\n');
  made.write(`${raft}/formed`, 'node_id=1\n');
  made.write(`${raft}/established`, 'yes\n');
  made.write(`${raft}/raft/metadata1`, 'x');
  return made;
}

let node: RejoiningNode;
beforeEach(() => {
  node = member();
});
afterEach(() => {
  node.dispose();
});

function run(options: Parameters<RejoiningNode['run']>[0] = {}): string {
  const { status, stdout, stderr } = node.run(options);
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

/** R4: started under an incarnation that it never had, without Raft state, and never to form a group by itself. */
function expectAnew(rows: 'old' | 'new', point = ''): void {
  expect(node.started(), point).toBe(rows);
  const [beside, inRaft] = [`${data}/pgraft.incarnation`, `${raft}/incarnation`].map((path) => node.read(path));
  expect(beside, point).toBe(inRaft);
  expect(beside, point).not.toBe(`${incarnation}\n`);
  for (const gone of ['incarnation.next', 'raft', 'formed', 'established', 'lost', 'formation.token', 'rejoin']) {
    expect(node.has(`${raft}/${gone}`), `${gone} ${point}`).toBe(false);
  }
  expect(node.has(`${raft}/formation.consumed`), point).toBe(true);
  for (const left of ['main.old', 'main.new']) expect(node.has(`${volume}/17/${left}`), `${left} ${point}`).toBe(false);
  expect(node.state(), point).toMatchObject({ lost: 'yes', incarnation: 'match' });
}

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
    run();
    expectAnew(losses[what]?.rows ?? 'old');
    expect(node.ran).toEqual(losses[what]?.rows === 'new' ? ['pg_basebackup'] : []);
  });

  it.each(Object.keys(losses).filter((what) => losses[what]?.rows === 'new'))(
    '%s touches nothing and starts nothing while there is no primary',
    (what) => {
      losses[what]?.lose(node);
      const kept = node.has(`${data}/rows`);
      run({ until: 'waits for a confirmed primary, to copy its data$' });
      expect(node.started()).toBeUndefined();
      expect(node.has(`${data}/rows`)).toBe(kept);
    },
  );

  it('nothing but the request of a rejoin is left with whole data: it is asked for again when it is a member', () => {
    node.request('rewind');
    node.remove(`${raft}/raft`);
    run();
    expectAnew('old');
  });

  it.each(['done', 'requested'])(
    'its Raft state stays a witness of what its data was before a rejoin that is not complete (R3, %s)',
    (state) => {
      node.request('rewind', { state, data: 'incomplete' });
      node.remove(`${raft}/raft`);
      run();
      expect(node.started()).toBe('old');
      expect(node.state()).toMatchObject({ lost: 'yes', incarnation: 'match' });
      expect(node.rejoin()).toMatchObject({ state: 'done', data: 'incomplete', end: '0/4000100' });
      expect(node.command(['position']).stdout).toContain('data=incomplete\n');
    },
  );

  it('its data takes no copy from another cluster', () => {
    node.remove(data);
    node.primary('host2', { system: '42' });
    expect(run({ until: 'different clusters' })).toContain(`had system identifier ${ownSystem}`);
    expect(node.ran).toEqual([]);
  });

  it('its data copies again when the primary has changed meanwhile (R7)', () => {
    node.remove(data);
    node.primary('host2');
    node.write('after.copy', `8 3 ${ownSystem} 0/7000000\n`);
    run();
    expectAnew('new');
    expect(node.ran).toEqual(['pg_basebackup', 'pg_basebackup']);
  });

  it('is no loss any more when it has been added', () => {
    node.remove(`${raft}/raft`);
    run();
    node.write(`${raft}/formed`, 'node_id=1\njoined_at=7\n');
    node.write(`${raft}/raft/metadata1`, 'x');
    expect(node.state()).toMatchObject({ lost: 'no' });
    run();
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
        node = member();
        losses[what]?.lose(node);
        node.primary('host2');
        const { status, stderr } = node.run({ crashAt });
        if (status === 0) break;
        expect(status, stderr).toBe(137);
        crashes += 1;
        // it may die with PostgreSQL just begun
        if (node.started() === undefined) run();
        expectAnew(rows, `dead before step ${crashAt}`);
      }
      expectAnew(rows);
      expect(crashes).toBeGreaterThan(20 / crashStride);
    },
    180_000,
  );
});

describe('the last resort', () => {
  const recover = `${raft}/recover`;
  const request = `${volume}/cluster/last_resort`;

  it('recover begins a new group with this data, above every term that was', () => {
    node.write(`${data}/pgraft.chain`, '2 1 0/3000148 1 1\n3 6 0/4000000 2 1\n');
    expect(node.command(['recover', '4']).status).toBe(0);
    run();
    expectAnew('old');
    expect(node.read(recover)).toBe('term=6\n');
    expect(node.has(request)).toBe(false);
  });

  it("recover counts the Raft state's own term, and the one that it is given", () => {
    const word = (value: number) => `\\${value.toString(8)}${'\\0'.repeat(7)}`;
    node.call(`printf '${word(1)}${word(3)}${word(9)}${word(2)}' >"$raft_dir/raft/metadata1"`);
    expect(node.command(['position']).stdout).toContain('raft_term=9\n');
    node.command(['recover', '8']);
    run();
    expect(node.read(recover)).toBe('term=9\n');
    node.command(['recover', '12']);
    run();
    expect(node.read(recover)).toBe('term=12\n');
  });

  it('recover is refused with data that may not be whole', () => {
    node.write(rejoinFile, 'how often\n');
    expect(node.command(['recover']).stderr).toContain('it cannot go on with this data; recover from another server');
    node.request('rewind', { state: 'working' });
    expect(node.command(['recover']).stderr).toContain('half rewound or cloned; recover from another server');
    expect(node.has(request)).toBe(false);
  });

  it('recover goes on with data that is not complete only when it is told that nobody has whole data', () => {
    node.request('clone', { state: 'done' });
    expect(node.command(['recover', '4']).stderr).toMatch(
      /not complete yet; .* say pgraft-node recover 4 incomplete$/m,
    );
    expect(node.command(['recover', '4', 'whole']).stderr).toContain("'whole' is not the word incomplete");
    expect(node.has(request)).toBe(false);
    expect(node.command(['recover', '4', 'incomplete']).status).toBe(0);
    run();
    expectAnew('old');
  });

  it('forget keeps the witness of data that is not complete (R3)', () => {
    node.request('clone', { state: 'done' });
    node.command(['forget']);
    run();
    expect(node.rejoin()).toMatchObject({ state: 'done', end: '0/4000100' });
  });

  it('is refused while a majority answers', () => {
    node.write('var/run/postgresql/pgraft-node.phase', 'running\n\n');
    node.program('psql', 'echo t');
    for (const command of ['recover', 'forget']) {
      expect(node.command([command]).stderr).toContain('a majority of the Raft group answers');
    }
    expect(node.has(request)).toBe(false);
  });

  it('is not refused by a leader that is the only voter and never becomes the primary', () => {
    node.write('var/run/postgresql/pgraft-node.phase', 'running\n\n');
    node.program('psql', 'echo "$@" >"$PGRAFT_ROOT/asked"; echo f');
    expect(node.command(['forget']).status).toBe(0);
    expect(node.read('asked')).toMatch(
      /quorum_met AND NOT \(state = 'leader' AND NOT writable AND .* WHERE voter\) = 1\)/,
    );
  });

  it.each(['-1', 'x', '1234567890123456789'])('recover takes no %s for a term', (term) => {
    expect(node.command(['recover', term]).stderr).toContain(`'${term}' is no term`);
  });

  it('forget makes a whole server one that waits to be added', () => {
    node.write(recover, 'term=4\n');
    expect(node.command(['forget']).status).toBe(0);
    run();
    expectAnew('old');
    expect(node.has(recover)).toBe(false);
  });

  it('forget lets one that is half rewound copy the data of the new group', () => {
    node.request('rewind', { state: 'working', term: '99' });
    node.write(`${data}/half`, 'half');
    run({ searchMs: 0, until: 'must not be started' });
    node.command(['forget']);
    node.primary('host2');
    run();
    expectAnew('new');
  });

  it.each(['recover', 'forget'])(
    '%s: whatever it dies of, and whenever, is done',
    (what) => {
      let crashes = 0;
      for (let crashAt = 1; ; crashAt += crashStride) {
        node.dispose();
        node = member();
        node.write(`${data}/pgraft.chain`, '2 6 0/3000148 1 1\n');
        node.command([what]);
        const { status, stderr } = node.run({ crashAt });
        if (status === 0) break;
        expect(status, stderr).toBe(137);
        crashes += 1;
        // it may die with PostgreSQL just begun
        if (node.started() === undefined) run();
        expectAnew('old', `dead before step ${crashAt}`);
        expect(node.has(recover), `dead before step ${crashAt}`).toBe(what === 'recover');
      }
      expect(crashes).toBeGreaterThan(10 / crashStride);
    },
    180_000,
  );
});
