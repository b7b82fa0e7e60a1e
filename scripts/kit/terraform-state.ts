/** What Terraform's state says that it made in Docker. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { stackIds, statePath } from '../../constructs/state-path.js';
import { systemClock, type Clock } from './clock.js';
import { UserError } from './errors.js';
import { projectDirectory } from './places.js';
import { found, notYet, waitUntil, type Look } from './wait.js';

const schema = z.object({
  resources: z
    .array(
      z.object({
        type: z.string(),
        instances: z.array(
          z.object({ attributes: z.object({ id: z.string().nullish(), name: z.string().nullish() }).nullish() }),
        ),
      }),
    )
    .default([]),
});

type Resources = z.infer<typeof schema>['resources'];

/** Milliseconds: Terraform writes a state in place, so one that runs (a hook's own, say) may be in the middle of it. */
const deadline = 2_000;

/**
 * Docker's ids (for volumes: names) of everything that the state in file `path` knows; none when there is no such file.
 *
 * @throws UserError when the file is not a state, and does not become one
 */
export async function deployedIds(path: string, clock: Clock = systemClock): Promise<Set<string>> {
  const objects = await deployedObjects(path, clock);
  return new Set(objects.map(({ id }) => id).filter((id) => id !== ''));
}

export interface DeployedObject {
  /** Terraform's type, such as `docker_volume`. */
  readonly type: string;
  readonly id: string;
  readonly name: string;
}

/** As deployedIds, with types and names; of other providers, too, but for hooks. @throws UserError likewise */
export async function deployedObjects(path: string, clock: Clock = systemClock): Promise<DeployedObject[]> {
  if (!existsSync(path) || isUnwritten(path)) return [];
  const fix = `${path} is damaged; put ${path}.backup in its place, which is the state before the last change`;
  // another user's file is none that is being written
  accessSync(path, constants.R_OK);
  const read = async () => Promise.resolve(readResources(path));
  const resources = await waitUntil('a whole Terraform state', read, { deadline, fix, clock });
  return resources
    .filter(({ type }) => type !== 'terraform_data')
    .flatMap(({ type, instances }) =>
      instances.map(({ attributes }) => ({ type, id: attributes?.id ?? '', name: attributes?.name ?? '' })),
    );
}

/**
 * Pure: what the state of a stack of cluster `prefix` cannot have: it was put there from elsewhere, and a deploy would remove it.
 *
 * An image has the same name for all clusters.
 */
export function foreignObjects(objects: readonly DeployedObject[], prefix: string): string[] {
  const ours = ['docker_container', 'docker_volume', 'docker_network'];
  return objects
    .filter(({ type, name }) =>
      ours.includes(type) ? name !== '' && !name.startsWith(`${prefix}-`) : type !== 'docker_image',
    )
    .map(({ type, name, id }) => `${type} ${name === '' ? id : name}`);
}

/**
 * A deploy with a state that is not its own would remove what somebody else has made.
 *
 * @throws UserError when a state of cluster `prefix` is another's, or damaged
 */
export async function expectOwnStates(prefix: string): Promise<void> {
  for (const stack of stackIds) {
    const path = statePath(projectDirectory, prefix, stack);
    const foreign = foreignObjects(await deployedObjects(path), prefix);
    if (foreign.length === 0) continue;
    throw new UserError(
      `${path} is not the state of cluster ${prefix}: it has ${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', …' : ''}. ` +
        `A deploy would remove that. Put the cluster's own state there (${path}.backup may be it), or move the file away if there is none`,
    );
  }
}

/** Terraform makes an empty file to lock it, and keeps a backup before it writes over a state that it found. */
function isUnwritten(path: string): boolean {
  return statSync(path).size === 0 && !existsSync(`${path}.backup`);
}

function readResources(path: string): Look<Resources> {
  const text = readFileSync(path, 'utf8');
  try {
    return found(schema.parse(JSON.parse(text)).resources);
  } catch {
    return notYet('it is not a Terraform state');
  }
}
