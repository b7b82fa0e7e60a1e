/** Servers that wait, are invited, are removed, and recover, among processes that have everything but PostgreSQL. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { leading, MemberGroup, unavailable, type Member, type MemberStatus } from './member-group.js';

const incarnation = (id: number) => String(id).padStart(32, '0');
const ids = (status: MemberStatus) => status.peers.map(({ id }) => id);
const voters = (status: MemberStatus) => status.peers.filter(({ voter }) => voter).map(({ id }) => id);
const present = (status: MemberStatus, id: number) => status.present.find((peer) => peer.id === id);

/** Whom one of these leads, as it says itself. */
async function leaderAmong(members: readonly Member[]): Promise<Member> {
  const look = async () => {
    const statuses = await Promise.all(members.map(async (member) => ({ member, status: await member.status() })));
    return statuses.find(({ status }) => status.role === leading && status.barrier === status.term)?.member;
  };
  const found = await eventually('a leader', look, (seen) => seen !== undefined, 15_000);
  if (found === undefined) throw new Error('no leader');
  return found;
}

/** Change the configuration, and wait until it is committed. */
async function change(leader: Member, what: string, id: number): Promise<MemberStatus> {
  const before = await leader.status();
  leader.tell(`${what} ${id}`);
  return leader.shows(`that ${what} ${id} is committed`, (s) => s.committed && s.configuration > before.configuration);
}

/** Ask for something that is lost without a link until it has shown. */
async function until(
  leader: Member,
  command: string,
  member: Member,
  what: string,
  accepts: (status: MemberStatus) => boolean,
): Promise<MemberStatus> {
  return member.shows(what, (status) => {
    if (accepts(status)) return true;
    leader.tell(command);
    return false;
  });
}

async function add(leader: Member, member: Member): Promise<number> {
  leader.tell(`meet ${member.id}`);
  await leader.shows(`that ${member.id} waits`, (s) => present(s, member.id)?.formed === false);
  const { configuration } = await change(leader, 'add', member.id);
  const invitation = `invite ${member.id} ${configuration} ${incarnation(member.id)}`;
  await until(leader, invitation, member, 'that it has joined', ({ role }) => role !== unavailable);
  leader.tell(`forget ${member.id}`);
  await change(leader, 'standby', member.id);
  await member.shows('the log', ({ applied }) => applied >= configuration);
  await change(leader, 'voter', member.id);
  return configuration;
}

function tellWhy(group: MemberGroup): void {
  group.signal(
    'CONT',
    group.members.filter(({ ended }) => !ended),
  );
  for (const { id, said } of group.members) console.error(`node ${id}:`, said);
}

describe('a server without Raft state', () => {
  let group: MemberGroup;
  let waiting: Member;
  beforeAll(async () => {
    group = await MemberGroup.create(1);
    await leaderAmong([group.member(1)]);
    waiting = await group.startWaiting(2);
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') tellWhy(group);
  });

  it('waits, and says so to whoever connects', async () => {
    const leader = group.member(1);
    expect(await waiting.status()).toMatchObject({ role: unavailable, peers: [], present: [] });
    leader.tell('meet 2');
    const seen = await leader.shows('that 2 waits', (status) => present(status, 2) !== undefined);
    expect(present(seen, 2)).toEqual({ id: 2, formed: false, group: '' });
    const { group: name } = await leader.status();
    expect(name).toMatch(/^[0-9a-f]{32}$/);
    const heard = await waiting.shows('the leader', (status) => present(status, 1) !== undefined);
    expect(present(heard, 1)).toEqual({ id: 1, formed: true, group: name });
  });

  it('is let go of when it is forgotten', async () => {
    const leader = group.member(1);
    leader.tell('forget 2');
    await waiting.shows('no links', (status) => status.present.length === 0);
    await leader.shows('no guest', (status) => status.present.length === 0);
  });

  it('does not join by an invitation of another incarnation', async () => {
    const leader = group.member(1);
    leader.tell('meet 2');
    await leader.shows('that 2 waits', (status) => present(status, 2) !== undefined);
    leader.tell(`invite 2 1 ${incarnation(3)}`);
    leader.tell('forget 2'); // comes behind the invitation on the same link
    await waiting.shows('no links', (status) => status.present.length === 0);
    expect(await waiting.status()).toMatchObject({ role: unavailable });
    expect(group.files(2)).not.toContain('formed');
  });

  it('joins when it is invited, and never forms a group by itself', async () => {
    const index = await add(group.member(1), waiting);
    const status = await waiting.shows('itself as a voter', (seen) => voters(seen).includes(2));
    expect(status.group).toBe((await group.member(1).status()).group);
    expect(group.file(2, 'formed').replace(/^check=[0-9a-f]{8}\n/, '')).toBe(
      `node_id=2\njoined_at=${index}\njoining=no\ngroup_id=${status.group}\npromises=yes\n`,
    );
    expect(group.files(2)).toContain('formation.consumed');
  });

  it('hears from the leader how far everybody is', async () => {
    const { last } = await group.member(1).status();
    const { progress } = await waiting.shows(
      'the progress of all',
      ({ progress: seen }) => seen.length === 2 && seen.every(({ match }) => match >= last),
    );
    expect(progress.map(({ id, lag }) => ({ id, lag }))).toEqual([
      { id: 1, lag: 0 },
      { id: 2, lag: -1 },
    ]);
  });
});

describe('a server that joins three others', () => {
  let group: MemberGroup;
  beforeAll(async () => {
    group = await MemberGroup.create(3);
    const leader = await leaderAmong([group.member(1)]);
    leader.tell('promote'); // from now on every voter may stand
    for (const member of group.members) await member.shows('the record', ({ history }) => history.length > 0);
    leader.tell('retire');
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') tellWhy(group);
  });

  it('R4: does not vote before it has applied what added it', async () => {
    const leader = await leaderAmong(group.members);
    const rest = group.members.filter(({ id }) => id !== leader.id);
    const newcomer = await group.startWaiting(4);
    leader.tell('meet 4');
    await leader.shows('that 4 waits', (status) => present(status, 4) !== undefined);
    const { configuration } = await change(leader, 'add', 4);
    const late = configuration + 6; // as if the log that it gets were an old one
    const invitation = `invite 4 ${late} ${incarnation(4)}`;
    await until(leader, invitation, newcomer, 'that it has joined', ({ role }) => role !== unavailable);
    await change(leader, 'standby', 4);
    const { applied } = await change(leader, 'voter', 4);
    expect(applied).toBeLessThan(late);
    await newcomer.shows('itself as a voter', (status) => voters(status).includes(4));

    // two of four voters are no majority
    group.signal('STOP', [leader]);
    group.signal('KILL', [newcomer]);
    const again = await group.startWaiting(4); // it believes in no leader
    expect(group.file(4, 'formed')).toContain('joining=yes');
    const asked = await Promise.all(rest.map(async (member) => (await member.status()).asked));
    const enough = 3 * 6; // each round asks three others
    for (const [at, member] of rest.entries())
      await member.shows('that it has stood again and again', (s) => s.asked >= (asked[at] ?? 0) + enough, 30_000);
    for (const member of rest) expect((await member.status()).role).not.toBe(leading);
    expect((await again.status()).asked).toBe(0);

    // with what added it behind it, it votes
    group.signal('CONT', [leader]);
    const next = await leaderAmong(group.members.slice(0, 3));
    await change(next, 'add', 5);
    await change(next, 'remove', 5);
    await change(next, 'add', 5);
    await change(next, 'remove', 5);
    await again.shows('what added it', (status) => status.applied >= late);
    expect(group.file(4, 'formed')).toContain('joining=no');
    group.signal('STOP', [next]);
    await leaderAmong(group.members.filter(({ id }) => id !== next.id));
    group.signal('CONT', [next]);
  });
});

describe('a server that is removed', () => {
  let group: MemberGroup;
  let leader: Member;
  beforeAll(async () => {
    group = await MemberGroup.create(3);
    leader = await leaderAmong([group.member(1)]);
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') tellWhy(group);
  });

  const expectCleared = async (id: number) => {
    const member = await group.startWaiting(id);
    expect(await member.status()).toMatchObject({ role: unavailable, peers: [], group: '' });
    expect(group.files(id).sort()).toEqual(['formation.consumed', 'raft']);
    expect(group.files(id, 'raft')).toEqual([]);
    return member;
  };

  it('clears its state while it runs, waits, and can be added again', async () => {
    await change(leader, 'remove', 3);
    const member = await expectCleared(3);
    await add(leader, member);
    expect(voters(await leader.status())).toEqual([1, 2, 3]);
  });

  it('learns of it when it was down at the time, and can be added again', async () => {
    group.signal('KILL', [group.member(3)]);
    await change(leader, 'remove', 3);
    await group.startWaiting(3);
    const member = await expectCleared(3);
    await add(leader, member);
    expect(voters(await leader.status())).toEqual([1, 2, 3]);
  });

  it('goes on with a clearing that was broken off', async () => {
    await change(leader, 'remove', 3);
    const member = await expectCleared(3);
    group.signal('KILL', [member]);
    group.write(3, 'removed', 'yes\n');
    group.write(3, 'formed', 'node_id=3\n');
    group.write(3, 'raft/metadata1', 'half');
    await group.startWaiting(3);
    expect(group.files(3).sort()).toEqual(['formation.consumed', 'raft']);
    await add(leader, group.member(3));
  });

  it('is not one by a notice of another group, or of an older configuration than it knows', async () => {
    const member = group.member(3);
    const { group: name, configuration } = await member.shows(
      'the newest configuration, and that it is committed',
      (s) => s.committed && voters(s).includes(3),
    );
    leader.tell(`dismiss 3 ${configuration + 100} ${'ab'.repeat(16)}`);
    leader.tell(`dismiss 3 ${configuration} ${name}`);
    leader.tell(`dismiss 3 1 ${name}`);
    const { term } = await leader.status();
    member.tell(`report ${term} 4096`); // answers the beats that come behind the notices
    await leader.shows('its report', (s) => s.peers.some(({ id, report }) => id === 3 && report.end === 4096));
    expect(member.ended).toBe(false);
    expect(group.files(3)).not.toContain('removed');
    leader.tell(`dismiss 3 ${configuration + 100} ${name}`); // what it would have been
    await expectCleared(3);
  });
});

describe('a server whose group cannot come back', () => {
  let group: MemberGroup;
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') tellWhy(group);
  });

  it('forms a group of its own in a higher term, with the history of its data, and hears no other', async () => {
    group = await MemberGroup.create(3);
    const leader = await leaderAmong([group.member(1)]);
    const { group: old } = await leader.shows('the name of the group', ({ group: name }) => name !== '');
    for (const member of group.members) await member.shows('the name', (status) => status.group === old);
    group.signal('KILL', group.members);
    group.write(2, 'recover', 'term=40\n');
    const member = await group.startWaiting(2);
    const status = await member.shows('that it leads', (s) => s.barrier > 40 && s.barrier === s.term && s.group !== '');
    expect(status).toMatchObject({ role: leading, term: 41, history: [3, 9] });
    expect(ids(status)).toEqual([2]);
    expect(status.group).not.toBe(old);
    expect(group.files(2)).not.toContain('recover');

    await group.start(1);
    await group.start(3);
    await leaderAmong([group.member(1), group.member(3)]);
    await member.shows(
      'the servers of the old group',
      (s) => present(s, 1)?.group === old && present(s, 3) !== undefined,
    );
    await group.member(1).shows('the new group', (s) => present(s, 2)?.group === status.group);
    expect(await member.status()).toMatchObject({ role: leading, term: 41, group: status.group });
    expect((await group.member(1).status()).group).toBe(old);
  });

  it('goes on above that term after the next start', async () => {
    group.signal('KILL', [group.member(2)]);
    const member = await group.startWaiting(2);
    await member.shows('that it leads', (s) => s.role === leading && s.barrier === s.term && s.term === 42);
  });
});
