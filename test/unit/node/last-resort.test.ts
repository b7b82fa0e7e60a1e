import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { crashStride, data, rejoinFile } from './rejoining-node.js';
import { LosingMember, raft } from './losing-member.js';
import { volume } from './node-shell.js';

/** Each run of the loop starts some hundred processes. */
vi.setConfig({ testTimeout: 60_000 });

let node: LosingMember;
beforeEach(() => {
  node = new LosingMember();
});
afterEach(() => {
  node.dispose();
});

describe('the last resort', () => {
  const recover = `${raft}/recover`;
  const request = `${volume}/cluster/last_resort`;

  it('recover begins a new group with this data, above every term that was', () => {
    node.write(`${data}/pgraft.chain`, '2 1 0/3000148 1 1\n3 6 0/4000000 2 1\n');
    expect(node.command(['recover', '4']).status).toBe(0);
    node.turn();
    node.expectAnew('old');
    expect(node.read(recover)).toBe('term=6\n');
    expect(node.has(request)).toBe(false);
  });

  it("recover counts the Raft state's own term, and the one that it is given", () => {
    const word = (value: number) => `\\${value.toString(8)}${'\\0'.repeat(7)}`;
    node.call(`printf '${word(1)}${word(3)}${word(9)}${word(2)}' >"$raft_dir/raft/metadata1"`);
    expect(node.command(['position']).stdout).toContain('raft_term=9\n');
    node.command(['recover', '8']);
    node.turn();
    expect(node.read(recover)).toBe('term=9\n');
    node.command(['recover', '12']);
    node.turn();
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
    node.turn();
    node.expectAnew('old');
  });

  it('forget keeps the witness of data that is not complete (R3)', () => {
    node.request('clone', { state: 'done' });
    node.command(['forget']);
    node.turn();
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
    node.turn();
    node.expectAnew('old');
    expect(node.has(recover)).toBe(false);
  });

  it('forget lets one that is half rewound copy the data of the new group', () => {
    node.request('rewind', { state: 'working', term: '99' });
    node.write(`${data}/half`, 'half');
    node.turn({ searchMs: 0, until: 'must not be started' });
    node.command(['forget']);
    node.primary('host2');
    node.turn();
    node.expectAnew('new');
  });

  it.each(['recover', 'forget'])(
    '%s: whatever it dies of, and whenever, is done',
    (what) => {
      let crashes = 0;
      for (let crashAt = 1; ; crashAt += crashStride) {
        node.dispose();
        node = new LosingMember();
        node.write(`${data}/pgraft.chain`, '2 6 0/3000148 1 1\n');
        node.command([what]);
        const { status, stderr } = node.run({ crashAt });
        if (status === 0) break;
        expect(status, stderr).toBe(137);
        crashes += 1;
        // it may die with PostgreSQL just begun
        if (node.started() === undefined) node.turn();
        node.expectAnew('old', `dead before step ${crashAt}`);
        expect(node.has(recover), `dead before step ${crashAt}`).toBe(what === 'recover');
      }
      expect(crashes).toBeGreaterThan(10 / crashStride);
    },
    180_000,
  );
});
