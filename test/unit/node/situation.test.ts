import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

const data = `${volume}/17/main`;
const raft = `${volume}/pgraft`;
const phaseFile = 'var/run/postgresql/pgraft-node.phase';
const id = (digit: string) => digit.repeat(32);

describe('pgraft-node state', () => {
  it('tells an empty volume', () => {
    node.write(phaseFile, 'waiting\nno data yet\n');
    expect(node.state()).toEqual({
      data: 'none',
      raft: 'none',
      incarnation: 'none',
      configured: 'no',
      formation: 'none',
      lost: 'no',
      phase: 'waiting',
      system_identifier: '',
      message: 'no data yet',
    });
  });

  it('tells a whole node, and that it is ready as a standby', () => {
    node.wholeNode();
    node.write(`${raft}/raft/metadata1`, 'x');
    node.write(`${data}/postmaster.pid`, '42\n/data\n1\n5432\n/run\n*\n 1 2\nstandby \n');
    node.write(phaseFile, 'running\nPostgreSQL ended with status 1\n');
    expect(node.state()).toMatchObject({
      data: 'present',
      raft: 'present',
      incarnation: 'match',
      phase: 'running',
      system_identifier: '7710813957713891434',
      message: '',
    });
  });

  it('is starting, and says why it had to, until PostgreSQL accepts connections', () => {
    node.wholeNode();
    node.write(phaseFile, 'running\nPostgreSQL ended with status 1\n');
    node.write(`${data}/postmaster.pid`, '42\n/data\n1\n5432\n/run\n*\n 1 2\nstarting\n');
    expect(node.state()).toMatchObject({ phase: 'starting', message: 'PostgreSQL ended with status 1' });
    node.remove(`${data}/postmaster.pid`);
    expect(node.state()).toMatchObject({ phase: 'starting' });
  });
});

/** Why the entry point would not start, or an empty text. */
const refusal = () => node.call('refusal').stdout;
/** How what is lost is mended, and why; an empty text when nothing is. */
const loss = () => node.call('find_loss; printf "%s: %s" "$loss" "$loss_reason"').stdout.replace(/^: $/, '');

describe('R4: data and Raft state live and die together', () => {
  it('accepts nothing on both sides, and the same incarnation on both', () => {
    expect(loss()).toBe('');
    node.wholeNode();
    expect(loss()).toBe('');
  });

  it('accepts a clone that crashed between its last renames', () => {
    node.wholeNode(id('a'));
    node.write(`${raft}/incarnation`, `${id('b')}\n`);
    node.write(`${raft}/incarnation.next`, `${id('a')}\n`);
    expect(loss()).toBe('');

    node.call('finish_adoption');
    expect(node.read(`${raft}/incarnation`)).toBe(`${id('a')}\n`);
    expect(node.has(`${raft}/incarnation.next`)).toBe(false);
    expect(node.state()).toMatchObject({ incarnation: 'match' });
  });

  it('forgets the next id of a clone whose data never became whole', () => {
    node.wholeNode(id('a'));
    node.write(`${raft}/incarnation.next`, `${id('c')}\n`);
    node.call('finish_adoption');
    expect(node.read(`${raft}/incarnation`)).toBe(`${id('a')}\n`);
    expect(node.has(`${raft}/incarnation.next`)).toBe(false);
  });

  it('renews data whose Raft directory is lost', () => {
    node.wholeNode();
    node.remove(raft);
    expect(loss()).toMatch(/^renew: its Raft state is lost \(no .*\/pgraft\/incarnation\)$/);
    expect(node.state()).toMatchObject({ incarnation: 'mismatch', lost: 'no' });
  });

  it('renews data whose Raft log is lost although it was a member, and not that of a server that was removed', () => {
    node.wholeNode();
    node.write(`${raft}/formation.consumed`, 'once\n');
    expect(loss()).toBe('');
    node.write(`${raft}/formed`, 'node_id=1\n');
    expect(loss()).toMatch(/^renew: the Raft log is lost /);
    expect(node.state()).toMatchObject({ lost: 'yes' });
    node.write(`${raft}/raft/metadata2`, 'x');
    expect(loss()).toBe('');
    expect(node.state()).toMatchObject({ lost: 'no' });
  });

  it("renews data when the consensus worker could not read the Raft state, by the worker's word", () => {
    node.wholeNode();
    node.write(`${raft}/formed`, 'node_id=1\n');
    node.write(`${raft}/raft/metadata1`, 'x');
    node.write(`${raft}/lost`, 'its log has a hole\n');
    expect(loss()).toBe('renew: its Raft state is lost: its log has a hole');
  });

  it('renews data of another incarnation', () => {
    node.wholeNode(id('a'));
    node.write(`${raft}/incarnation`, `${id('b')}\n`);
    expect(loss()).toContain(
      `renew: the data (incarnation ${id('a')}) and the Raft state (incarnation ${id('b')}) do not belong together`,
    );
    expect(node.state()).toMatchObject({ incarnation: 'mismatch' });
  });

  it('clones where the Raft state tells that there was data, and makes none on request', () => {
    node.wholeNode();
    node.remove(data);
    expect(loss()).toBe('clone: the data is lost but its Raft state is here');
    node.configure();
    expect(node.command(['initialize'])).toMatchObject({ status: 1 });
    expect(node.command(['clone', 'host2', '5432']).stderr).toContain('it copies its data anew by itself');
    expect(node.has(`${volume}/cluster/request`)).toBe(false);
  });

  it('clones where there is nothing, once it has secrets, unless a bootstrap is under way', () => {
    expect(loss()).toBe('');
    node.configure();
    expect(loss()).toBe('clone: there is no data yet');
    node.write(`${volume}/cluster/request`, 'initialize\n');
    expect(loss()).toBe('');
    node.remove(`${volume}/cluster/request`);
    node.write(`${raft}/formation.token`, 'once\n');
    expect(loss()).toBe('');
  });

  it('clones instead of data that may not be whole', () => {
    node.wholeNode();
    node.write(`${volume}/cluster/system_identifier`, '7710813957713891434\n');
    node.remove(`${data}/pgraft.incarnation`);
    expect(refusal()).toBe('');
    expect(loss()).toMatch(/^clone: the data may not be whole \(no .*pgraft.incarnation\)$/);
  });

  it('clones instead of data whose chain of promotions cannot be read', () => {
    node.wholeNode();
    node.write(`${data}/pgraft.chain`, '# promotions\n2 1 0/3000148 1 1\n3 x 0/4000000 2 1\n');
    expect(loss()).toContain("('3 x 0/4000000 2 1' in ");
  });
});

describe('S7: nothing is overwritten on a guess', () => {
  it('refuses data that this cluster did not make', () => {
    node.wholeNode();
    node.remove(`${data}/pgraft.incarnation`);
    expect(refusal()).toMatch(/was not made by this cluster .* not touched/);
  });

  it('refuses files that are no data directory', () => {
    node.write(`${data}/photos.tar`, 'x');
    expect(refusal()).toMatch(/holds files that are no PostgreSQL data directory/);
  });

  it('refuses the data of another PostgreSQL version', () => {
    node.wholeNode();
    node.write(`${data}/PG_VERSION`, '16\n');
    expect(refusal()).toMatch(/is of PostgreSQL 16, not 17/);
  });
});

describe('pgraft-node initialize and clone', () => {
  const request = `${volume}/cluster/request`;

  it('leave a request for the loop, and may be repeated', () => {
    node.configure();
    expect(node.command(['clone', 'pgraft-primary', '5432']).status).toBe(0);
    expect(node.command(['clone', 'pgraft-replica1', '5432']).status).toBe(0);
    expect(node.read(request)).toBe('clone pgraft-replica1 5432\n');
  });

  it('refuse to ask for the one when the other was asked for', () => {
    node.configure();
    expect(node.command(['initialize']).status).toBe(0);
    expect(node.command(['initialize']).status).toBe(0);
    const { status, stderr } = node.command(['clone', 'pgraft-primary', '5432']);
    expect(status).toBe(1);
    expect(stderr).toContain("was asked to 'initialize' already");
    expect(node.read(request)).toBe('initialize\n');
  });

  it('refuse when there is data, or no secrets yet', () => {
    expect(node.command(['initialize']).stderr).toContain('run pgraft-node configure first');
    node.configure();
    node.wholeNode();
    expect(node.command(['initialize']).stderr).toContain('there is data');
    expect(node.has(request)).toBe(false);
  });

  it.each([
    ['a;b', '5432', "'a;b' is no host name"],
    ['a', '0', "'0' is no port"],
    ['a', '65536', "'65536' is no port"],
    ['a', '54x2', "'54x2' is no port"],
  ])('refuse clone %s %s', (host, port, cause) => {
    node.configure();
    expect(node.command(['clone', host, port]).stderr).toContain(cause);
    expect(node.has(request)).toBe(false);
  });

  it('say how they are used', () => {
    expect(node.command(['clone', 'a']).stderr).toContain('use: pgraft-node clone <host> <port>');
    expect(node.command(['dance']).stderr).toContain("unknown command 'dance'; use run, state");
    expect(node.command([]).stderr).toContain("unknown command ''");
  });
});
