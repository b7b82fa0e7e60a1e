/** The plans that the review's tests start from are made by hand: they have to have what the stack declares. */
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../scripts/review/terraform-plan.js';
import { deployed, plansOf, type World } from '../unit/review/worlds.js';
import { resources, synthesize } from './synthesize.js';

const world: World = {
  ...deployed,
  memory: 512,
  postgresSettings: { max_connections: '50', work_mem: '8MB' },
};
const { nodes, memory, postgresSettings } = world;
const { cluster, image } = synthesize({ nodes, memory, postgresSettings });
const plan = readPlan(plansOf(world, world).cluster);
const types = ['docker_container', 'docker_volume', 'docker_network', 'terraform_data'];

describe('the plans of the tests', () => {
  it('have the addresses that the stacks declare', () => {
    const declared = types.flatMap((type) => Object.keys(resources(cluster, type)).map((name) => `${type}.${name}`));
    expect([...plan.resources.keys()].sort()).toEqual(declared.sort());
    expect(Object.keys(resources(image, 'docker_image'))).toEqual(['node']);
  });

  it.each(['docker_container.replica1', 'docker_volume.replica1_data', 'docker_network.network'])(
    'have the attributes of %s',
    (address) => {
      const [type = '', name = ''] = address.split('.');
      const attributes = plan.resources.get(address)?.after ?? {};
      for (const [key, value] of Object.entries(resources(cluster, type)[name] ?? {})) {
        // what Terraform alone knows, what is not known before the apply, and what differs by the image, which is another one here
        if (['//', 'depends_on', 'lifecycle', 'image'].includes(key) || JSON.stringify(value).includes('${')) continue;
        expect(sorted(attributes[key]), key).toEqual(sorted(value));
      }
    },
  );

  it.each(['join', 'leave1', 'leave4', 'roll1', 'roll4', 'check1'])('have the input and the triggers of %s', (name) => {
    const attributes = plan.resources.get(`terraform_data.${name}`)?.after ?? {};
    const { input, triggers_replace: triggers } = resources(cluster, 'terraform_data')[name] ?? {};
    expect(known(attributes['input'], input)).toEqual(known(input, input));
    expect(known(attributes['triggers_replace'], triggers)).toEqual(known(triggers, triggers));
  });
});

/** The fields of `value`, without those that `declared` refers to another resource for; all names stay. */
function known(value: unknown, declared: unknown): unknown {
  const text = (of: unknown) => JSON.stringify(of ?? null);
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, unknown>).map(([key, of]) => {
      const reference = text((declared as Record<string, unknown>)[key]).includes('${');
      return [key, reference ? 'a reference' : of];
    }),
  );
}

/** Terraform's sets have no order; the definition's hash is another one without the real image. */
function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value
    .map((item: unknown) => JSON.stringify(item))
    .filter((text) => !text.includes('pgraft.definition'))
    .map((text) => JSON.stringify(Object.entries(JSON.parse(text) as object).sort()))
    .sort();
}
