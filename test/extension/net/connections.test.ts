/** Strangers that connect and say too little, too slowly, or nonsense: bounded in number and time, counted, and no burden to the log. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { leading, MemberGroup, type MemberStatus } from './member-group.js';

/** As in net/transport_private.h and core/refusals.h. */
const most = 64;
const mostOfHost = 16;
const patience = 2_000;
const mostLines = 17;

describe('strangers at the port of a member', () => {
  let group: MemberGroup;
  let before: MemberStatus;
  const member = () => group.member(1);

  beforeAll(async () => {
    group = await MemberGroup.create(2);
    await member().shows('a lease', ({ lease }) => lease > 0);
    member().tell('promote');
    await member().shows('a promotion and its link', ({ beat, linked }) => beat.promotion !== 0 && linked === 1);
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') for (const { id, said } of group.members) console.error(`node ${id}:`, said);
    expect(await member().status()).toMatchObject({ role: leading, term: 1, linked: 1, suspicions: 0, errors: 0 });
  });

  const come = async (connections: number, hosts: number, manner: string) => {
    before = await member().status();
    const printed = group.run(`perl /tests/net/strangers.pl 7001 ${connections} ${hosts} ${manner}`);
    const [atOnce = 0, later = 0, last = 0] = printed.trim().split(' ').map(Number);
    return { atOnce, later, last };
  };
  /** How many more were counted since they came. */
  const counted = async (wanted: { refused: number; silent: number }) => {
    const more = ({ refused, silent }: MemberStatus) => ({
      refused: refused - before.refused,
      silent: silent - before.silent,
    });
    const isCounted = (status: MemberStatus) => JSON.stringify(more(status)) === JSON.stringify(wanted);
    await member().shows(JSON.stringify(wanted), isCounted);
  };
  const lines = () => member().said.filter((line) => line.includes(' refused: '));

  it('that come and go without a byte are counted, and not told of', async () => {
    await come(60, 6, 'scan');
    await counted({ refused: 0, silent: 60 });
    expect(lines()).toEqual([]);
  });

  it.each(['silent', 'half', 'trickle'])(
    'of one host (%s): 16 may wait at a time, and for two seconds',
    async (manner) => {
      const { atOnce, later, last } = await come(40, 1, manner);
      expect({ atOnce, later }).toEqual({ atOnce: 40 - mostOfHost, later: mostOfHost });
      expect(last).toBeGreaterThan(patience - 200);
      expect(last).toBeLessThan(patience + 700);
      await counted({ refused: 40, silent: 0 });
    },
  );

  it('of many hosts: 64 may wait at a time, and for two seconds', async () => {
    const { atOnce, later, last } = await come(120, 12, 'silent');
    expect({ atOnce, later }).toEqual({ atOnce: 120 - most, later: most });
    expect(last).toBeLessThan(patience + 700);
    await counted({ refused: 120, silent: 0 });
  });

  it('that say garbage are hung up on at once', async () => {
    const { atOnce } = await come(50, 50, 'garbage');
    expect(atOnce).toBe(50);
    await counted({ refused: 50, silent: 0 });
  });

  it('are told of once a host, and of no more than 17 hosts in ten seconds', () => {
    const hosts = lines().map((line) => /connection with (\S+) refused/.exec(line)?.[1]);
    expect(new Set(hosts).size).toBeGreaterThan(10);
    // the tests before have taken less than twenty seconds
    expect(hosts.length).toBeLessThanOrEqual(3 * mostLines);
    for (const host of new Set(hosts)) expect(hosts.filter((one) => one === host).length, host).toBeLessThanOrEqual(3);
  });
});
