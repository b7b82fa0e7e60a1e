import { describe, expect, it } from 'vitest';
import { type HookName, readHookCall } from '../../constructs/hook-input.js';
import { parseSettings } from '../../constructs/settings.js';
import { clusterTopology } from '../../constructs/topology.js';
import { beginFirstDeploy, finishFirstDeploy } from '../../scripts/kit/first-deploy.js';
import { type Block, resources, synthesize } from './synthesize.js';

interface Hook {
  readonly input: Block;
  readonly triggers_replace?: Block;
  readonly depends_on?: readonly string[];
  readonly provisioner: readonly [{ readonly 'local-exec': LocalExec }];
}
interface LocalExec {
  readonly when?: string;
  readonly command: string;
  readonly working_dir: string;
  readonly environment: Readonly<Record<string, string>>;
}

const hooksOf = (nodes: number) =>
  resources(synthesize({ nodes }).cluster, 'terraform_data') as unknown as Readonly<Record<string, Hook>>;
const hook = (hooks: Readonly<Record<string, Hook>>, name: string): Hook => {
  const found = hooks[name];
  if (found === undefined) throw new Error(`the hook ${name} is not declared`);
  return found;
};
const command = ({ provisioner }: Hook): LocalExec => provisioner[0]['local-exec'];
const numbers = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);

describe('the hooks of three servers', () => {
  const hooks = hooksOf(3);

  it('are all nine slots of leave and roll, a check for each server, guard, join and teardown', () => {
    const slots = numbers(9).flatMap((i) => [`leave${i}`, `roll${i}`]);
    const expected = [...slots, 'check1', 'check2', 'check3', 'guard', 'join', 'teardown'];
    expect(Object.keys(hooks).sort()).toEqual(expected.sort());
  });

  it.each([
    ['leave2', 'destroy'],
    ['roll2', 'destroy'],
    ['leave7', 'destroy'],
    ['roll7', 'destroy'],
    ['teardown', 'destroy'],
    ['check2', undefined],
    ['join', undefined],
    ['guard', undefined],
  ])('%s runs its command on %s', (name, when) => {
    expect(hook(hooks, name).provisioner).toHaveLength(1);
    expect(command(hook(hooks, name)).when).toBe(when);
    expect(command(hook(hooks, name)).working_dir).toBe('/project');
    expect(command(hook(hooks, name)).command).toContain(`node scripts/hooks/run.mjs ${name.replace(/\d/, '')}`);
  });

  it('refer in destroy provisioners to nothing but self', () => {
    for (const { provisioner } of Object.values(hooks)) {
      if (provisioner[0]['local-exec'].when !== 'destroy') continue;
      const references = JSON.stringify(provisioner).match(/\$\{[^}]*\}/g) ?? [];
      for (const reference of references)
        expect(reference).toMatch(/^\$\{(jsonencode\(self\.input\)|self\.input\.present )/);
    }
  });

  it('of slot 2 go before its container: leave, then roll', () => {
    expect(hook(hooks, 'roll2').depends_on).toEqual(['docker_container.replica1']);
    expect(hook(hooks, 'leave2').depends_on).toEqual(['docker_container.replica1', 'terraform_data.roll2']);
    expect(hook(hooks, 'check2').depends_on).toEqual(['docker_container.replica1']);
  });

  it('of an empty slot wait for no container', () => {
    expect(hook(hooks, 'roll7').depends_on).toEqual([]);
    expect(hook(hooks, 'leave7').depends_on).toEqual(['terraform_data.roll7']);
  });

  it('run when what they watch changes', () => {
    const id = '${docker_container.replica1.id}';
    expect(hook(hooks, 'leave2').triggers_replace).toEqual({ present: 'yes' });
    expect(hook(hooks, 'leave7').triggers_replace).toEqual({ present: 'no' });
    expect(hook(hooks, 'roll2').triggers_replace).toEqual({ container: id });
    expect(hook(hooks, 'roll7').triggers_replace).toEqual({ container: '' });
    expect(hook(hooks, 'check2').triggers_replace).toEqual({ container: id });
    expect(hook(hooks, 'join').triggers_replace).toEqual({
      nodes: '1,2,3',
      leaves: numbers(9)
        .map((i) => `\${terraform_data.leave${i}.id}`)
        .join(','),
      settings: '',
    });
    expect(hook(hooks, 'teardown').triggers_replace).toBeUndefined();
  });

  it('end with join, after every check', () => {
    expect(hook(hooks, 'join').depends_on).toEqual(numbers(3).map((i) => `terraform_data.check${i}`));
  });

  it('have a teardown that waits for nothing: a deploy that was killed early is torn down, too', () => {
    expect(hook(hooks, 'teardown').depends_on).toEqual([]);
    const waiting = Object.values(hooks).filter(({ depends_on: on }) => on?.includes('terraform_data.teardown'));
    expect(waiting).toEqual([]);
  });

  it('begin with the guard: network and volumes, and so everything, come after it', () => {
    const { cluster } = synthesize({ nodes: 3 });
    expect(hook(hooks, 'guard').depends_on ?? []).toEqual([]);
    const created = { ...resources(cluster, 'docker_network'), ...resources(cluster, 'docker_volume') };
    expect(Object.values(created).map(({ depends_on: after }) => after)).toEqual(
      Array(4).fill(['terraform_data.guard']),
    );
  });

  it('have a guard that nothing replaces: all servers would go before the first new one came', () => {
    const guardOf = (context: Block) =>
      (resources(synthesize(context).cluster, 'terraform_data') as unknown as Record<string, Hook>)['guard'];
    for (const context of [{}, { nodes: 4 }, { postgresPort: 6001 }, { raftPort: 8001 }, { bindAddress: '0.0.0.0' }]) {
      const guard = guardOf(context);
      expect(guard?.input).toEqual({ hook: 'guard', prefix: 'pgraft' });
      expect(guard?.triggers_replace).toBeUndefined();
    }
  });

  it('have a guard that runs again after a first deploy that was killed, and keeps that number once there is a cluster', () => {
    const triggersAfter = (...steps: ((prefix: string, root: string) => void)[]) => {
      const { cluster } = synthesize({}, (root) => {
        for (const step of steps) step('pgraft', root);
      });
      return (resources(cluster, 'terraform_data') as unknown as Record<string, Hook>)['guard']?.triggers_replace;
    };
    expect(triggersAfter(beginFirstDeploy, finishFirstDeploy)).toBeUndefined();
    expect(triggersAfter(beginFirstDeploy)).toEqual({ attempt: '2' });
    expect(triggersAfter(beginFirstDeploy, beginFirstDeploy, finishFirstDeploy)).toEqual({ attempt: '2' });
  });

  it('get an input that the scripts can read', () => {
    for (const [name, declared] of Object.entries(hooks)) {
      const known = JSON.stringify(declared.input).replaceAll(/\$\{docker_container\.\w+\.id\}/g, 'c0ffee');
      const environment = { ...command(declared).environment, PGRAFT_HOOK_INPUT: known };
      const call = readHookCall(name.replace(/\d/, '') as HookName, environment);
      expect(call.cluster).toMatchObject(clusterTopology(parseSettings({})));
      expect(call.cluster).toMatchObject({ reloadable: '', limits: {}, shrinkBelowMajority: false });
    }
  });
});

describe('when the number of servers changes from 3 to 5', () => {
  const three = hooksOf(3);
  const five = hooksOf(5);
  const stateOf = ({ input, triggers_replace: triggers }: Hook) => ({ input, triggers });

  it('the hooks of slots that stay as they are keep their state', () => {
    for (const slot of [1, 2, 3, 6, 9]) {
      for (const name of [`leave${slot}`, `roll${slot}`]) {
        expect(stateOf(hook(five, name))).toEqual(stateOf(hook(three, name)));
      }
    }
    expect(stateOf(hook(five, 'check1'))).toEqual(stateOf(hook(three, 'check1')));
    expect(stateOf(hook(five, 'teardown'))).toEqual(stateOf(hook(three, 'teardown')));
  });

  it('the slots that fill up and the join are replaced', () => {
    for (const name of ['leave4', 'roll4', 'leave5', 'roll5', 'join']) {
      expect(hook(five, name).triggers_replace).not.toEqual(hook(three, name).triggers_replace);
    }
  });

  it('every hook learns of the servers as they are to be', () => {
    for (const declared of Object.values(five)) {
      const cluster = JSON.parse(command(declared).environment['PGRAFT_HOOK_CLUSTER'] ?? '') as { nodes: unknown[] };
      expect(cluster.nodes).toHaveLength(5);
    }
  });
});
