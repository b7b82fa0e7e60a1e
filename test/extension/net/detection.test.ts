/** A leader that dies is missed at once, and one that does not is not, among processes that have everything but PostgreSQL. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually, happensWithin } from '../../support/eventually.js';
import { leading, MemberGroup, type Member } from './member-group.js';

/** So long that an election before it has no other reason than the one that is tested. */
const electionTimeout = 3_000;
const atOnce = 800;
/** Connections that a member's kernel accepts without it, and one more. */
const backlog = 65;

describe('three members, of which one leads', () => {
  let group: MemberGroup;
  let leader: Member;
  let followers: [Member, Member];
  let term: number;

  beforeAll(async () => {
    group = await MemberGroup.create(3, electionTimeout);
    await group.member(1).shows('a lease', ({ lease }) => lease > 0, 3 * electionTimeout);
    group.member(1).tell('promote');
    for (const member of group.members) await member.shows('a promotion', ({ history }) => history.length > 0);
  });
  afterAll(() => {
    group.remove();
  });
  beforeEach(async () => {
    const look = async () => {
      const seen = await Promise.all(group.members.map((member) => member.status()));
      return { seen, id: seen[0]?.leader ?? 0 };
    };
    const agree = ({ seen, id }: Awaited<ReturnType<typeof look>>) =>
      id !== 0 && seen.every(({ leader: known, linked, suspected }) => known === id && linked === 2 && suspected === 0);
    const { id, seen } = await eventually('all to follow one leader', look, agree, 5 * electionTimeout);
    leader = group.member(id);
    followers = group.members.filter((member) => member !== leader) as [Member, Member];
    term = seen[0]?.term ?? 0;
    for (const member of group.members) member.said.length = 0;
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') for (const { id, said } of group.members) console.error(`node ${id}:`, said);
    const wrong = group.members.flatMap(({ said }) => said.filter((line) => /ERROR|runtime error/.test(line)));
    for (const member of group.members)
      if (member.ended) await group.start(member.id);
      else group.signal('CONT', [member]);
    expect(wrong).toEqual([]);
  });

  /** How many milliseconds until one of the followers leads, after so many elections. */
  const succeeded = async (within: number, elections = 1): Promise<number> => {
    const look = async () => (await Promise.all(followers.map((one) => one.status()))).find((s) => s.role === leading);
    const { value, took } = await happensWithin('another leader', within, look);
    expect(value.term).toBe(term + elections);
    return took;
  };
  const counts = async () =>
    (await Promise.all(followers.map((one) => one.status()))).map(({ suspicions, judged }) => ({ suspicions, judged }));
  const beats = async (number: number) => {
    for (const follower of followers) {
      const { commit, now } = await follower.status();
      await follower.shows('later beats', (seen) => seen.now > now + 50 * number && seen.commit >= commit);
    }
  };

  it.each([1, 2, 3, 4, 5])('another leads long before the election timeout when it is killed (%i)', async () => {
    const before = await counts();
    group.signal('KILL', [leader]);
    await succeeded(atOnce);
    for (const [index, { suspicions, judged }] of (await counts()).entries()) {
      expect(suspicions).toBeGreaterThan(before[index]?.suspicions ?? 0);
      expect(judged).toBe((before[index]?.judged ?? 0) + 1);
    }
    for (const { said } of followers) {
      expect(said).toContain(`the link to the leader, node ${leader.id}, was closed`);
      expect(said.join('\n')).toMatch(
        new RegExp(`node ${leader.id}, the leader, is taken for dead: connection refused \\(\\d+ ms after`),
      );
    }
  });

  it('everybody waits as long as before for the next one', async () => {
    group.signal('KILL', [leader]);
    await succeeded(atOnce);
    for (const follower of followers) expect(await follower.status()).toMatchObject({ timeout: electionTimeout });
  });

  it('nobody takes it for dead when it is stopped: the election timeout decides', async () => {
    const before = await counts();
    group.signal('STOP', [leader]);
    expect(await succeeded(4 * electionTimeout)).toBeGreaterThan(electionTimeout - 100);
    expect(await counts()).toEqual(before);
  });

  // both have been stopped for so long that they stand in the same moment; should one be quicker after all, it is tried again
  it('a split vote then costs a part of the election timeout, not all of it', { retry: 3 }, async () => {
    group.signal('STOP', [leader]);
    group.signal('STOP', followers);
    const since = performance.now();
    const passed = () => performance.now() - since;
    await eventually(
      'both election timeouts to be over',
      passed,
      (ms) => ms > 2 * electionTimeout,
      3 * electionTimeout,
    );
    group.signal('CONT', followers);
    expect(await succeeded(4 * electionTimeout, 2)).toBeLessThan(electionTimeout);
  });

  it('nor when it is stopped and the links to it end, since its kernel still accepts', async () => {
    const before = await counts();
    group.signal('STOP', [leader]);
    for (const follower of followers) follower.tell(`cut ${leader.id}`);
    expect(await succeeded(4 * electionTimeout)).toBeGreaterThan(electionTimeout - 100);
    for (const [index, { suspicions, judged }] of (await counts()).entries()) {
      expect(suspicions).toBeGreaterThan(before[index]?.suspicions ?? 0);
      expect(judged).toBe(before[index]?.judged);
    }
  });

  it('one that neither accepts nor refuses is taken for dead soon', async () => {
    group.signal('STOP', [leader]);
    // until one more is not accepted, which they wait for
    const fill = `use IO::Socket::INET; for (0 .. ${backlog}) {
      push @kept, IO::Socket::INET->new(PeerAddr => "127.0.0.1:${7000 + leader.id}", Timeout => 0.2) }
      exit if fork; close $_ for (*STDIN, *STDOUT, *STDERR); sleep 3`;
    group.run(`perl -e '${fill}'`);
    for (const follower of followers) follower.tell(`cut ${leader.id}`);
    await succeeded(atOnce);
    for (const { said } of followers)
      expect(said.join('\n')).toMatch(/is taken for dead: no answer \(\d{2,3} ms after its link was closed\)/);
  });

  describe('and the WAL that its followers receive ends', () => {
    const streamsEnd = () => {
      for (const follower of followers) follower.tell('stream ended');
    };

    it('another leads at once when its postmaster is gone, before the links to it end', async () => {
      const before = await counts();
      group.signal('STOP', [leader]);
      streamsEnd();
      await succeeded(atOnce);
      for (const [index, seen] of (await counts()).entries()) {
        expect(seen.suspicions).toBe((before[index]?.suspicions ?? 0) + 1);
        expect(seen.judged).toBe((before[index]?.judged ?? 0) + 1);
      }
      for (const { said } of followers)
        expect(said.join('\n')).toMatch(/is taken for dead: connection refused \(\d+ ms after its WAL stream ended\)/);
    });

    it('nothing follows from it when its postmaster listens', async () => {
      const before = await counts();
      const listen = `use IO::Socket::INET; $server = IO::Socket::INET->new(
          LocalAddr => "127.0.0.1:${5431 + leader.id}", Listen => 8, ReuseAddr => 1) or die $!;
        exit if fork; close $_ for (*STDIN, *STDOUT, *STDERR); push @kept, $server->accept for 1, 2; sleep 3`;
      group.run(`perl -e '${listen}'`);
      streamsEnd();
      await beats(10);
      expect(await counts()).toEqual(before);
      expect(await leader.status()).toMatchObject({ term, leader: leader.id });
      group.signal('KILL', [leader]);
      await succeeded(atOnce);
    });
  });

  it('the suspicion ends when the links to it end and it lives', async () => {
    const before = await counts();
    leader.tell(`cut ${followers[0].id}`);
    leader.tell(`cut ${followers[1].id}`);
    for (const follower of followers)
      await eventually(
        'it to be heard',
        () => follower.said.join('\n'),
        (said) => said.includes('lives'),
        1_000,
      );
    await beats(10);
    for (const [index, { suspicions, judged }] of (await counts()).entries()) {
      expect(suspicions).toBeGreaterThan(before[index]?.suspicions ?? 0);
      expect(judged).toBe(before[index]?.judged);
    }
    expect(await leader.status()).toMatchObject({ role: leading, term });
  });

  it('one follower alone that takes it for dead by mistake costs no term, and follows it again', async () => {
    // the first to stand: another one hears the leader before it is its turn
    const [mistaken] = followers;
    const { asked } = await mistaken.status();
    const look = async () => {
      mistaken.tell(`misjudge ${leader.id}`);
      return (await mistaken.status()).asked;
    };
    await eventually('it to ask for votes', look, (seen) => seen > asked, 5_000);
    await mistaken.shows('the leader again', (seen) => seen.leader === leader.id && seen.timeout === electionTimeout);
    expect(mistaken.said.join('\n')).toContain(`node ${leader.id}, the leader, lives`);
    await beats(10);
    for (const member of group.members) expect((await member.status()).term).toBe(term);
    expect((await leader.status()).role).toBe(leading);
  });

  it('the longest silence is one that ended', async () => {
    const stall = 700;
    group.signal('STOP', [leader]);
    const { now } = await followers[0].status();
    await followers[0].shows('that time has passed', (seen) => seen.now > now + stall);
    group.signal('CONT', [leader]);
    const silences: number[] = [];
    for (const follower of followers) {
      const { silence } = await follower.shows('the silence', (seen) => seen.silence >= stall - 100);
      silences.push(silence);
    }
    expect(Math.max(...silences)).toBeLessThan(electionTimeout);
    group.signal('KILL', [leader]);
    await succeeded(atOnce);
    expect(await Promise.all(followers.map(async (one) => (await one.status()).silence))).toEqual(silences);
  });
});
