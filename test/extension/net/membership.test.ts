/** Members that come and go, settings and transfers as asked on any server, among processes that have everything but PostgreSQL. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { Code, ServingGroup, type ServingMember } from './serving-group.js';

const memberAdded = 6;
const memberRemoved = 7;

describe('a cluster that grows from one member', () => {
  let group: ServingGroup;
  const voters = (...ids: number[]) => ids.map((id) => `${id} voter`);
  const others = (than: ServingMember) => group.running.filter(({ id }) => id !== than.id);

  /** A removed member clears its state when it is started the next time. */
  const ends = (member: ServingMember) => eventually(`node ${member.id} to end`, () => member.ended, Boolean, 5_000);

  /** As soon as the target streams from the new primary. */
  const transfers = (asker: ServingMember, to: number) =>
    eventually(
      `node ${asker.id} to transfer leadership`,
      () => asker.request(`transfer ${to}`),
      ({ code }) => code === Code.done,
      10_000,
    );

  /** One membership, on every server named. */
  const settles = async (ids: readonly number[]) => {
    const names = ids.map((id) => `${id} ${group.incarnation(id)}`);
    for (const id of ids) {
      const seen = await group.member(id).shows(`the members ${names.join(', ')}`, (status) => {
        const servers = [...status.servers].sort();
        return servers.join() === voters(...ids).join() && [...status.names].sort().join() === [...names].sort().join();
      });
      expect(seen.servers).toHaveLength(ids.length);
    }
  };

  beforeAll(async () => {
    group = ServingGroup.create(1);
    await group.start(1);
    await group.leader();
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    for (const { tell, id } of group.running.map((member) => ({ id: member.id, tell: member.tell.bind(member) }))) {
      group.signal('CONT', id); // a sentence that fails shall not make the next ones fail
      tell('barriers answer');
      tell('hands transfer');
      tell('lag 0');
    }
    if (task.result?.state === 'fail')
      for (const { id, said } of group.running) console.error(`node ${id}:`, said.slice(-30));
  });

  it('refuses a server that is not there, and says so', async () => {
    const outcome = await group.member(1).request('add 2 7002');
    expect(outcome).toMatchObject({ code: Code.state });
    expect(outcome.message).toMatch(/^node 2 at 127\.0\.0\.1:7002 .*did not answer|refused/);
    expect((await group.member(1).status()).servers).toEqual(voters(1));
  });

  it('refuses to remove its only voter, to add its own address, and what no server could do', async () => {
    const first = group.member(1);
    expect(await first.request('remove 1')).toMatchObject({ code: Code.state, message: 'node 1 is the only voter' });
    expect(await first.request('add 2 7001')).toMatchObject({ code: Code.duplicate });
    expect(await first.request('add 1 7002')).toMatchObject({ code: Code.duplicate });
    expect(await first.request('add 0 7002')).toMatchObject({ code: Code.invalid });
    expect(await first.request('add 10 7002')).toMatchObject({ code: Code.invalid });
    expect(await first.request('add 2 65536')).toMatchObject({ code: Code.invalid });
    expect(await first.request('remove 2')).toMatchObject({ code: Code.unknown });
    expect(await first.request('transfer 2')).toMatchObject({ code: Code.unknown });
    expect(await first.request('transfer 1')).toMatchObject({ code: Code.invalid });
    expect(await first.request('transfer 0')).toMatchObject({ code: Code.state });
    expect(await first.request('set colour blue')).toMatchObject({ code: Code.invalid });
    expect(await first.request('set failover_enabled perhaps')).toMatchObject({ code: Code.invalid });
    expect((await first.status()).servers).toEqual(voters(1));
  });

  it('adds servers that wait, which become voters', async () => {
    await group.start(2);
    expect(await group.member(1).request('add 2 7002')).toMatchObject({ code: Code.done });
    await settles([1, 2]);
    await group.start(3);
    expect(await group.member(2).request('add 3 7003')).toMatchObject({ code: Code.done });
    await settles([1, 2, 3]);
    // told to the log behind the configuration
    await group.member(3).shows('the event', ({ events }) => events.includes(`${memberAdded} 3`));
  });

  it('sets the configuration from every server', async () => {
    const first = await group.leader();
    for (const member of group.running) {
      expect(await member.request(`set cluster_name from${member.id}`)).toMatchObject({ code: Code.done });
      await member.shows('the new name', ({ name }) => name === `from${member.id}`);
    }
    expect(await first.request('set failover_enabled false')).toMatchObject({ code: Code.done });
    expect((await first.status()).failover).toBe(false);
    expect(await first.request('set failover_enabled true')).toMatchObject({ code: Code.done });
  });

  it('transfers leadership to the server named, and to any, asked on any', async () => {
    const first = await group.leader();
    const [second, third] = others(first) as [ServingMember, ServingMember];
    expect(await transfers(first, second.id)).toMatchObject({ leader: second.id });
    await group.leader();
    expect(await transfers(third, first.id)).toMatchObject({ leader: first.id });
    await group.leader();
    const { leader } = await transfers(second, 0);
    expect([second.id, third.id]).toContain(leader);
    expect((await group.leader()).id).toBe(leader);
  });

  it('gives a transfer up when the primary does not get ready, and goes on as before', async () => {
    const first = await group.leader();
    const [second, third] = others(first) as [ServingMember, ServingMember];
    first.tell('hands hold');
    const transfer = third.ask(`transfer ${second.id}`);
    await third.shows('the wish in the log', ({ successor }) => successor === second.id);
    expect(await third.request(`transfer ${third.id}`)).toMatchObject({ code: Code.busy });
    const outcome = await transfer();
    expect(outcome.code).toBe(Code.state);
    expect(outcome.message).toContain(`node ${first.id} leads`);
    await third.shows('that nobody else may promote', ({ successor }) => successor === first.id);
    first.tell('lag -1');
    await first.shows('the lag in its beat', ({ serving }) => serving);
    expect(await first.request(`set cluster_name after`)).toMatchObject({ code: Code.done });
  });

  it('transfers to nobody who does not stream, or does not answer', async () => {
    const first = await group.leader();
    const [second] = others(first) as [ServingMember];
    group.signal('STOP', second.id);
    const refusal = async () => (await first.request(`transfer ${second.id}`)).message;
    await expect.poll(refusal, { timeout: 10_000 }).toBe(`node ${second.id} does not answer`);
    group.signal('CONT', second.id);
  });

  it('removes nobody while the rest does not stream, and waits a moment for it', async () => {
    const first = await group.leader();
    const [second, third] = others(first) as [ServingMember, ServingMember];
    first.tell('lag -1');
    await first.shows('that nobody streams', ({ lags }) => lags.every((lag) => lag === -1));
    expect(await second.request(`remove ${third.id}`)).toMatchObject({
      code: Code.state,
      message: `without node ${third.id} no majority of the voters would answer and stream`,
    });
    for (const member of group.running) member.tell('barriers hold');
    const removal = second.ask(`remove ${third.id}`);
    // the removal of nobody is refused at once whatever else goes on, and so never gets in the way of the one that waits
    const conflict = async () => (await first.request('remove 9')).message;
    await expect.poll(conflict, { timeout: 2_000 }).toBe(`node ${third.id} is being removed`);
    expect(await first.request('add 4 7004')).toMatchObject({
      code: Code.busy,
      message: `node ${third.id} is being removed`,
    });
    expect((await first.status()).wanted).not.toBe(0);
    first.tell('lag 0');
    await first.shows('that it wants a barrier', ({ wanted }) => wanted === 0);
    for (const member of group.running) member.tell('barriers answer');
    expect(await removal()).toMatchObject({ code: Code.done });
    await ends(third);
    await settles([first.id, second.id].sort());
    await group.start(third.id);
    expect(await first.request(`add ${third.id} 700${third.id}`)).toMatchObject({ code: Code.done });
    await settles([1, 2, 3]);
  });

  it('R13: changes no member before the barrier is reached, and refuses a second change meanwhile', async () => {
    const first = await group.leader();
    const [second, third] = others(first) as [ServingMember, ServingMember];
    for (const member of group.running) member.tell('barriers hold');
    const removal = second.ask(`remove ${third.id}`);
    await first.shows('that it wants a barrier', ({ wanted }) => wanted === 0);
    expect(await second.request('add 4 7004')).toMatchObject({
      code: Code.busy,
      message: `node ${third.id} is being removed`,
    });
    expect(await second.request(`transfer ${second.id}`)).toMatchObject({ code: Code.busy });
    expect(await first.request(`set cluster_name meanwhile`)).toMatchObject({ code: Code.done });
    expect((await first.status()).servers).toHaveLength(3);
    for (const member of group.running) member.tell('barriers answer');
    expect(await removal()).toMatchObject({ code: Code.done });
    await ends(third);
    await settles([first.id, second.id].sort());
    await second.shows('the event', ({ events }) => events.includes(`${memberRemoved} ${third.id}`));
  });

  it('adds a removed server again, once it has cleared its state', async () => {
    const first = await group.leader();
    const gone = [1, 2, 3].find((id) => group.member(id).ended) ?? 0;
    await group.start(gone);
    expect(await first.request(`add ${gone} ${7000 + gone}`)).toMatchObject({ code: Code.done });
    await settles([1, 2, 3]);
  });

  it('R14: a member that was away during a change knows where it stands, and can change members as the next leader', async () => {
    const first = await group.leader();
    const [second] = others(first) as [ServingMember];
    await group.kill(second.id);
    await group.start(4);
    expect(await first.request('set cluster_name away')).toMatchObject({ code: Code.done });
    expect(await first.request('add 4 7004')).toMatchObject({ code: Code.done });
    const back = await group.start(second.id);
    await settles([1, 2, 3, 4]);
    await transfers(first, back.id);
    expect(await back.request('remove 4')).toMatchObject({ code: Code.done });
    await settles([1, 2, 3]);
    await ends(group.member(4));
  });

  it('R4: removes a member that lost its state, and adds it anew, without being asked', async () => {
    const first = await group.leader();
    const [second] = others(first) as [ServingMember];
    await group.kill(second.id);
    group.lose(second.id);
    await group.start(second.id);
    await settles([1, 2, 3]);
  });

  it('removes its leader, asked on a follower: leadership moves first', async () => {
    const first = await group.leader();
    const [second] = others(first) as [ServingMember];
    expect(await second.request(`remove ${first.id}`)).toMatchObject({ code: Code.done });
    const rest = [1, 2, 3].filter((id) => id !== first.id);
    await settles(rest);
    await ends(first);
    await group.start(first.id);
    expect(await (await group.leader(...rest)).request(`add ${first.id} ${7000 + first.id}`)).toMatchObject({
      code: Code.done,
    });
    await settles([1, 2, 3]);
  });

  it('R13, R14: the next leader ends what the one that died had begun, behind its own barrier', async () => {
    const first = await group.leader();
    const [second, third] = others(first) as [ServingMember, ServingMember];
    for (const member of group.running) member.tell('barriers hold');
    await group.start(4);
    const addition = second.ask('add 4 7004');
    await first.shows('that it wants a barrier of the newcomer', ({ wanted }) => wanted === 4);
    await group.kill(first.id);
    expect(await addition()).toMatchObject({ code: Code.unsure });
    const next = await group.leader(second.id, third.id);
    await next.shows('that it wants a barrier of its own', ({ wanted }) => wanted === 4);
    expect((await next.status()).servers).toContain('4 stand-by');
    next.tell('barriers answer');
    await group.start(first.id);
    await settles([1, 2, 3, 4]);
  });

  it('without a majority no change is made, and none is accepted', async () => {
    const first = await group.leader();
    const rest = others(first).map(({ id }) => id);
    const [asker] = others(first) as [ServingMember];
    group.signal('STOP', ...rest.slice(0, 2), ...rest.slice(2));
    await first.shows('that nobody leads', ({ leader }) => leader === 0);
    expect(await first.request('set cluster_name alone')).toMatchObject({ code: Code.noLeader });
    expect(await first.request('remove 3')).toMatchObject({ code: Code.noLeader });
    group.signal('CONT', ...rest);
    await group.leader(asker.id, ...rest);
  });
});
