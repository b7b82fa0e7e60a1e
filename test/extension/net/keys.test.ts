/** The key of a group is changed while it runs: core/keys.h says how, and why each step has to be everywhere before the next. */
import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { MemberGroup } from './member-group.js';

const ids = [1, 2, 3];
const first = 'k';
const steps = ['kn', 'nk', 'n'];

describe('three members whose key is changed', () => {
  let group: MemberGroup;
  /** What each one holds. */
  const held = new Map(ids.map((id) => [id, first]));
  beforeAll(async () => {
    group = await MemberGroup.create(ids.length);
    await group.member(1).shows('a lease', ({ lease }) => lease > 0);
    group.member(1).tell('promote');
    for (const member of group.members) await member.shows('a promotion', ({ beat }) => beat.promotion !== 0);
  });
  afterAll(() => {
    group.remove();
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') for (const { id, said } of group.members) console.error(`node ${id}:`, said);
  });

  const fingerprints = (letters: string) =>
    Array.from(letters).map((letter) =>
      createHmac('sha256', Buffer.alloc(32, letter)).update('pgraft key fingerprint').digest('hex').slice(0, 8),
    );
  const allLinked = async () => {
    for (const member of group.members) await member.shows('its links with both', ({ linked }) => linked === 2, 10_000);
  };
  /** All of them in the same term, behind the same leader. */
  const allFollow = () =>
    eventually(
      'one leader of all',
      async () => Promise.all(group.members.map(async (member) => member.status())),
      (all) => all.every(({ term, leader }) => leader !== 0 && leader === all[0]?.leader && term === all[0].term),
      10_000,
    );
  /** It has to greet everybody anew, and everybody it; who leads may be another one then. */
  const comesBack = async (id: number) => {
    group.signal('KILL', [group.member(id)]);
    await group.startWithKeys(id, held.get(id) ?? '');
    await allLinked();
    await allFollow();
  };

  it('tell which key they hold, by its fingerprint', async () => {
    for (const member of group.members) expect((await member.status()).keys).toEqual(fingerprints(first));
  });

  describe.each(steps)('by the step "%s"', (letters) => {
    it.each(ids)(
      'given to node %i as it runs: it greets whoever comes back, and whoever comes back greets it',
      async (id) => {
        const member = group.member(id);
        member.tell(`keys ${letters}`);
        const { term } = await member.shows('the keys', ({ keys }) => keys.join() === fingerprints(letters).join());
        held.set(id, letters);
        await allLinked();
        expect((await member.status()).term, 'nobody stood for it').toBe(term);
        await comesBack((id % ids.length) + 1);
      },
    );
  });

  it('never took each other for strangers', () => {
    for (const { id, said } of group.members) expect(said.join('\n'), `node ${id}`).not.toContain('not authenticated');
  });

  it('take one that still has the former key for a stranger, and it them', async () => {
    group.signal('KILL', [group.member(3)]);
    const stranger = await group.startWithKeys(3, first);
    const others = [group.member(1), group.member(2)];
    for (const member of [stranger, ...others]) await member.shows('a refusal', ({ refused }) => refused > 0);
    expect((await stranger.status()).linked).toBe(0);
    expect(stranger.said.join('\n')).toContain('refused: not authenticated');
    await stranger.shows('that it has no leader', ({ leader, quorum }) => leader === 0 && !quorum);
  });
});
