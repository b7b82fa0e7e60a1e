import { beforeEach, describe, expect, it } from 'vitest';
import { generateSecrets, type Secrets } from '../../../scripts/kit/secrets.js';
import { bootstrap } from '../../../scripts/steps/bootstrap.js';
import { declared, FakeGroup } from './fake-group.js';
import { silentReport } from './fakes.js';

let kept: Secrets | undefined;
beforeEach(() => {
  kept = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
});

/** What the hook Join does. */
async function join(group: FakeGroup, nodes: number): Promise<void> {
  const { docker, sql } = group.live;
  if (sql === undefined) throw new Error('the fake has SQL');
  await bootstrap(declared(nodes), {
    docker,
    openSql: () => sql,
    clock: group.clock,
    report: silentReport(),
    provider: 'registry',
    secrets: {
      load: () => kept,
      save: (secrets) => {
        kept = secrets;
      },
      recover: () => Promise.resolve(undefined),
    },
  });
}
const changes = (group: FakeGroup) => group.done.filter((line) => !line.endsWith('settings'));

describe('growing a running cluster', () => {
  it('tells the newcomers the secrets, then adds them one by one, and remembers who the members are', async () => {
    const group = new FakeGroup(3, 2);
    await join(group, 5);
    expect(changes(group)).toEqual(['replica3 configure', 'replica4 configure', 'add 4', 'add 5']);
    expect(kept?.members).toEqual([1, 2, 3, 4, 5]);
  });

  it('goes on where it was broken off: one is a member, one has only its data', async () => {
    const group = new FakeGroup(4, 1);
    Object.assign(group.server(5), { hasData: true, configured: true });
    await join(group, 5);
    expect(changes(group)).toEqual(['add 5']);
  });

  it('adds one that has left again, when its leave was broken off and set back', async () => {
    const group = new FakeGroup(3);
    group.server(3).member = 'none';
    await join(group, 3);
    expect(changes(group)).toEqual(['add 3']);
  });

  it('does not ask twice for a spare, which becomes a voter by itself', async () => {
    const group = new FakeGroup(3, 1);
    group.addedAs = 'spare';
    const clock = { ...group.clock };
    group.clock.sleep = async (ms) => {
      if (clock.slept.length > 5) group.server(4).member = 'voter';
      await clock.sleep(ms);
    };
    await join(group, 4);
    expect(changes(group)).toEqual(['replica3 configure', 'add 4']);
    expect(clock.slept.length).toBeGreaterThan(5);
  });

  it('stops at one that cannot be added, names it, and leaves the others as they are', async () => {
    const group = new FakeGroup(3, 2);
    group.broken.add = 'it does not answer';
    await expect(join(group, 5)).rejects.toThrow(
      /^pgraft-replica3 could not be added for 60 s: pgraft_add_node\(4, 'pgraft-replica3', 7004\): it does not answer; the cluster goes on without it; .*deploy again/,
    );
    expect(changes(group)).toEqual(['replica3 configure', 'replica4 configure']);
    expect(kept?.members).toEqual([1, 2, 3]);
  });

  it('stops at one that gets no copy of the data', async () => {
    const group = new FakeGroup(3, 1);
    group.server(4).configured = true;
    await expect(join(group, 4)).rejects.toThrow(/^pgraft-replica3 gets no copy of the data: .*deploy again/);
    expect(changes(group)).toEqual([]);
  });

  it('is not tried without a majority', async () => {
    const group = new FakeGroup(3, 1);
    group.server(2).up = false;
    group.server(3).up = false;
    await expect(join(group, 4)).rejects.toThrow();
    expect(changes(group)).not.toContain('add 4');
  });
});
