import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HookProject, type HookRun, type Outcome } from './project.js';

const names = (hooks: readonly HookRun[]) => hooks.map(({ hook }) => hook);
const sorted = (hooks: readonly HookRun[]) => names(hooks).sort();
const run = (outcome: Outcome, hook: string): HookRun => {
  const found = outcome.hooks.find((candidate) => candidate.hook === hook);
  if (found === undefined)
    throw new Error(`${hook} did not run; these did: ${names(outcome.hooks).join(' ')}\n${outcome.output}`);
  return found;
};
/** Whether all of `before` ran before all of `after`. */
const inOrder = (outcome: Outcome, before: readonly string[], after: readonly string[]) => {
  const order = names(outcome.hooks);
  return Math.max(...before.map((hook) => order.indexOf(hook))) < Math.min(...after.map((hook) => order.indexOf(hook)));
};
const three = ['primary', 'replica1', 'replica2'];
const four = [...three, 'replica3'];

describe('Terraform calls the hooks in the order that membership needs:', () => {
  let project: HookProject;
  beforeAll(async () => {
    project = await HookProject.open();
  });
  afterAll(async () => {
    await project.close();
  });

  it('a guard that fails leaves nothing in Docker', async () => {
    const outcome = await project.deploy({ nodes: 3 }, ['guard']);
    expect(outcome.succeeded).toBe(false);
    expect(names(outcome.hooks)).toEqual(['guard']);
    expect(await project.objects()).toEqual([]);
  });

  it('the first deploy passes the guard, checks every server, then joins them', async () => {
    const outcome = await project.deploy({ nodes: 3 });
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(sorted(outcome.hooks)).toEqual(['check1', 'check2', 'check3', 'guard', 'join']);
    expect(run(outcome, 'guard')).toEqual({ hook: 'guard', running: [], declared: 3, tearingDown: false });
    expect(run(outcome, 'join')).toEqual({ hook: 'join', running: three, declared: 3, tearingDown: false });
    expect(inOrder(outcome, ['check1', 'check2', 'check3'], ['join'])).toBe(true);
  });

  it('the second deploy changes nothing', async () => {
    const outcome = await project.deploy({ nodes: 3 });
    expect(outcome.hooks).toEqual([]);
    expect(outcome.output).toContain('No changes.');
  });

  it('a failed check is run again by the next deploy, and the join only then', async () => {
    const failed = await project.deploy({ nodes: 4 }, ['check4']);
    expect(failed.succeeded).toBe(false);
    expect(names(failed.hooks)).toEqual(['check4']);
    const again = await project.deploy({ nodes: 4 });
    expect(again.succeeded, again.output).toBe(true);
    expect(names(again.hooks)).toEqual(['check4', 'join']);
    expect(run(again, 'join').running).toEqual(four);
  });

  it('a member whose leave fails keeps its container and volume', async () => {
    const outcome = await project.deploy({ nodes: 2 }, ['leave4']);
    expect(outcome.succeeded).toBe(false);
    expect(run(outcome, 'leave4')).toEqual({ hook: 'leave4', running: four, declared: 2, tearingDown: false });
    expect(names(outcome.hooks)).not.toContain('roll4');
    expect(names(outcome.hooks)).not.toContain('join');
    const left = await project.objects();
    expect(left).toContain('pgraft-test-hooks-replica3');
    expect(left).toContain('pgraft-test-hooks-replica3-data');
    expect(left).not.toContain('pgraft-test-hooks-replica2-data');
  });

  it('set back after one server has left, that one is added again', async () => {
    const outcome = await project.deploy({ nodes: 4 });
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(sorted(outcome.hooks)).toEqual(['check3', 'check4', 'join']);
    expect(run(outcome, 'join')).toEqual({ hook: 'join', running: four, declared: 4, tearingDown: false });
  });

  it('members leave while their containers run, then roll, then the containers go', async () => {
    const outcome = await project.deploy({ nodes: 2 });
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(sorted(outcome.hooks)).toEqual(['join', 'leave3', 'leave4', 'roll3', 'roll4']);
    expect(run(outcome, 'leave3').running).toContain('replica2');
    expect(run(outcome, 'leave4').running).toContain('replica3');
    expect(run(outcome, 'roll3').running).toContain('replica2');
    for (const slot of [3, 4]) expect(inOrder(outcome, [`leave${slot}`], [`roll${slot}`])).toBe(true);
    expect(run(outcome, 'join').running).toEqual(['primary', 'replica1']);
  });

  it('a changed container is rolled before it goes and checked after it came; nobody leaves', async () => {
    const outcome = await project.deploy({ nodes: 2, postgresSettings: { shared_buffers: '64MB' } });
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(sorted(outcome.hooks)).toEqual(['check1', 'check2', 'roll1', 'roll2']);
    expect(run(outcome, 'roll1').running).toContain('primary');
    expect(run(outcome, 'check2').running).toContain('replica1');
    for (const slot of [1, 2]) expect(inOrder(outcome, [`roll${slot}`], [`check${slot}`])).toBe(true);
  });

  it('a server whose roll fails keeps its container, and the next deploy goes on from there', async () => {
    const failed = await project.deploy({ nodes: 2 }, ['roll2']);
    expect(failed.succeeded).toBe(false);
    expect(sorted(failed.hooks)).toEqual(['check1', 'roll1', 'roll2']);
    const again = await project.deploy({ nodes: 2 });
    expect(again.succeeded, again.output).toBe(true);
    expect(names(again.hooks)).toEqual(['roll2', 'check2']);
  });

  it('a lost container is rolled while it is gone, made anew and checked', async () => {
    await project.removeContainer('replica1');
    const outcome = await project.deploy({ nodes: 2 });
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(names(outcome.hooks)).toEqual(['roll2', 'check2']);
    expect(run(outcome, 'roll2').running).toEqual(['primary']);
    expect(run(outcome, 'check2').running).toEqual(['primary', 'replica1']);
  });

  it('with new ports, a server whose roll fails holds up no other: each comes back before all have gone', async () => {
    const failed = await project.deploy({ nodes: 2, postgresPort: 17565 }, ['roll1']);
    expect(failed.succeeded).toBe(false);
    expect(sorted(failed.hooks)).toEqual(['check2', 'roll1', 'roll2']);
    expect(run(failed, 'check2').running).toEqual(['primary', 'replica1']);
    const again = await project.deploy({ nodes: 2, postgresPort: 17565 });
    expect(again.succeeded, again.output).toBe(true);
    expect(names(again.hooks)).toEqual(['roll1', 'check1']);
  });

  it('destroy runs the teardown at once; broken off by a leave that fails, it stops there', async () => {
    const outcome = await project.destroy(['leave2']);
    expect(outcome.succeeded).toBe(false);
    expect(names(outcome.hooks)).toContain('teardown');
    expect(names(outcome.hooks)).not.toContain('roll2');
    expect(await project.objects()).toContain('pgraft-test-hooks-replica1');
  });

  it('a second destroy finishes it, without the teardown, which is gone; its hooks know that all of it goes', async () => {
    const outcome = await project.destroy();
    expect(outcome.succeeded, outcome.output).toBe(true);
    expect(names(outcome.hooks)).toEqual(['leave2', 'roll2']);
    expect(outcome.hooks.map(({ tearingDown }) => tearingDown)).toEqual([true, true]);
    expect(await project.objects()).toEqual([]);
  });
});
