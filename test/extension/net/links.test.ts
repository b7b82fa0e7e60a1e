/** Beats, answers, reports and the lease, among processes that have everything but PostgreSQL. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { leading, MemberGroup, type Member, type MemberStatus } from './member-group.js';

const electionTimeout = 1_000;
const none = { term: 0, end: 0, links: 0 };

describe('a member that is alone', () => {
  let group: MemberGroup;
  beforeAll(async () => {
    group = await MemberGroup.create(1);
  });
  afterAll(() => {
    group.remove();
  });

  it('R15: renews its lease with its own clock', async () => {
    const first = await group.member(1).shows('a lease', ({ lease }) => lease > 0);
    const later = await group.member(1).shows('a newer lease', ({ lease }) => lease > first.lease + 200);
    expect(later.lease).toBeGreaterThan(later.now + electionTimeout - 200);
    expect(later.published).toBe(later.lease);
  });
});

describe('three members', () => {
  let group: MemberGroup;
  beforeAll(async () => {
    group = await MemberGroup.create(3);
    await group.member(1).shows('a lease', ({ lease }) => lease > 0);
    group.member(1).tell('promote');
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    group.signal('CONT', group.members); // a sentence that fails shall not make the next ones fail
    if (task.result?.state === 'fail') for (const { id, said } of group.members) console.error(`node ${id}:`, said);
  });

  /** Whom these members follow, once it says itself that it leads and has a lease. */
  const leader = async (among: readonly number[] = [1, 2, 3]): Promise<Member> => {
    const look = async () => {
      const { leader: id } = await group.member(among[0] ?? 1).status();
      return among.includes(id) ? { id, status: await group.member(id).status() } : undefined;
    };
    const isLeading = (seen: Awaited<ReturnType<typeof look>>) =>
      seen?.status.role === leading && seen.status.lease > 0;
    const seen = await eventually(`a leader among ${among.join(', ')}`, look, isLeading, 10_000);
    return group.member(seen?.id ?? 0);
  };
  const others = (than: Member) => group.members.filter(({ id }) => id !== than.id);
  const reportOf = (status: MemberStatus, id: number) => status.peers.find((peer) => peer.id === id)?.report;

  it('hear from the leader that it serves, and how far its WAL is', async () => {
    for (const member of group.members) {
      const { beat } = await member.shows('a promotion', (status) => status.beat.promotion !== 0);
      expect(beat).toEqual({ term: 1, promotion: 1, flush: 0x5000 });
    }
  });

  it('all reach each other, and only the leader has a lease', async () => {
    const first = await leader();
    for (const member of group.members) {
      const { peers } = await member.shows('three reachable peers', (s) => s.peers.every(({ reachable }) => reachable));
      expect(peers.map(({ id }) => id)).toEqual([1, 2, 3]);
    }
    expect((await first.status()).lease).toBeGreaterThan(0);
    for (const member of others(first)) expect(await member.status()).toMatchObject({ lease: 0, published: 0 });
  });

  it('tell the leader, and nobody else, of their data, and of the newest only', async () => {
    const first = await leader();
    const { term } = await first.status();
    const [second, third] = others(first) as [Member, Member];
    second.tell(`report ${term} 4096`);
    third.tell(`report ${term - 1} 8192`);
    first.tell(`report ${term} 1024`);
    await first.shows('the report', (status) => reportOf(status, second.id)?.end === 4096);
    second.tell(`report ${term} 5000`);
    const seen = await first.shows('the newer report', (status) => reportOf(status, second.id)?.end === 5000);
    expect(reportOf(seen, second.id)).toEqual({ term, end: 5000, links: 8 });
    expect(reportOf(seen, first.id)).toEqual({ term, end: 1024, links: 8 });
    expect(reportOf(seen, third.id)).toEqual(none);
    expect(reportOf(await third.status(), second.id)).toEqual(none);
  });

  it('keep the members for the entry point in a file', () => {
    for (const { id } of group.members)
      expect(group.file(id, 'members')).toBe('1 127.0.0.1 5432\n2 127.0.0.1 5433\n3 127.0.0.1 5434\n');
  });

  it('one that was killed is linked again when it comes back, and is asked for its report anew', async () => {
    const first = await leader();
    const [second] = others(first) as [Member];
    const { term } = await first.status();
    group.signal('KILL', [second]);
    await first.shows('it unreachable', (s) => s.peers.some(({ id, reachable }) => id === second.id && !reachable));
    await group.start(second.id);
    const again = group.member(second.id);
    await again.shows('the beat', ({ beat }) => beat.term === term);
    again.tell(`report ${term} 6000`);
    await first.shows('its new report', (status) => reportOf(status, second.id)?.end === 6000);
  });

  it('one that was cut off from its name server, too, links itself with who calls it', async () => {
    const first = await leader();
    const [second] = others(first) as [Member];
    const { term } = await first.status();
    group.signal('KILL', [second]);
    await first.shows('it unreachable', (s) => s.peers.some(({ id, reachable }) => id === second.id && !reachable));
    await group.startUnresolving(second.id);
    const again = group.member(second.id);
    await again.shows('its links with both', ({ linked }) => linked === 2);
    again.tell(`report ${term} 7000`);
    await first.shows('its report', (status) => reportOf(status, second.id)?.end === 7000);
  });

  it('R15: when a majority is silent the lease runs from the last beat that it can have answered', async () => {
    const first = await leader();
    group.signal('STOP', others(first));
    const { now: silent } = await first.status();
    const leases: number[] = [];
    const isOver = ({ role, lease }: MemberStatus) => {
      leases.push(lease);
      return role !== leading && lease === 0;
    };
    await first.shows('that it leads no more', isOver);
    expect(Math.max(...leases)).toBeGreaterThan(0);
    expect(Math.max(...leases)).toBeLessThanOrEqual(silent + electionTimeout);
    group.signal('CONT', others(first));
    await leader();
  });

  it('R15: an answer that comes late renews the lease only from the beat that it is of', async () => {
    const first = await leader();
    const rest = others(first);
    group.signal('STOP', rest);
    group.signal('STOP', [first]);
    group.signal('CONT', rest);
    const [{ now: stopped }] = (await Promise.all(rest.map((member) => member.status()))) as [MemberStatus];
    group.signal('STOP', rest);
    group.signal('CONT', [first]);
    const leases: number[] = [];
    const isOver = ({ role, lease }: MemberStatus) => {
      leases.push(lease);
      return role !== leading && lease === 0;
    };
    await first.shows('that it leads no more', isOver);
    expect(Math.max(...leases)).toBeLessThanOrEqual(stopped + electionTimeout);
    group.signal('CONT', rest);
    await leader();
  });

  it('R15: a leader that was stopped for longer than its lease wakes with one that is over, and gets no other', async () => {
    const first = await leader();
    const { term } = await first.shows('a lease', ({ lease }) => lease > 0);
    group.signal('STOP', [first]);
    const rest = others(first).map(({ id }) => id);
    await group
      .member(rest[0] ?? 0)
      .shows('another term', (status) => status.term > term && rest.includes(status.leader), 10_000);
    const next = await leader(rest);
    await next.shows('a lease', ({ lease }) => lease > 0);
    group.signal('CONT', [first]);
    const woken = await first.status();
    expect(woken.lease === 0 || woken.lease < woken.now).toBe(true);
    await first.shows('the new leader', (status) => status.leader === next.id);
    expect(await first.status()).toMatchObject({ lease: 0, published: 0 });
  });

  it('forget the reports of a term with it', async () => {
    const last = await leader();
    const rest = others(last).map(({ id }) => id);
    const { term } = await last.status();
    for (const member of others(last)) member.tell(`report ${term} 7000`);
    await last.shows('both reports', (status) => rest.every((id) => reportOf(status, id)?.end === 7000));
    group.signal('STOP', [last]);
    const next = await leader(rest);
    const status = await next.shows('itself as the leader', ({ role }) => role === leading);
    for (const { report } of status.peers) expect(report).toEqual(none);
    const third = group.member(rest.find((id) => id !== next.id) ?? 0);
    third.tell(`report ${status.term} 7100`);
    await next.shows('the report of its own term', (seen) => reportOf(seen, third.id)?.end === 7100);
    group.signal('CONT', [last]);
    const woken = await last.shows('the new leader', (seen) => seen.leader === next.id);
    for (const { report } of woken.peers) expect(report).toEqual(none);
  });

  it('have made no message that another could not read', async () => {
    for (const member of group.members) {
      expect((await member.status()).errors).toBe(0);
      expect(member.said.filter((line) => line.includes('ERROR') || line.includes('runtime error'))).toEqual([]);
    }
  });
});
