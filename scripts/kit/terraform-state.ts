/** What Terraform's state says that it made in Docker. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { systemClock, type Clock } from './clock.js';
import { found, notYet, waitUntil, type Look } from './wait.js';

const schema = z.object({
  resources: z
    .array(
      z.object({
        type: z.string(),
        instances: z.array(z.object({ attributes: z.object({ id: z.string().nullish() }).nullish() })),
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
  if (!existsSync(path) || isUnwritten(path)) return new Set();
  const fix = `${path} is damaged; put ${path}.backup in its place, which is the state before the last change`;
  const read = async () => Promise.resolve(readResources(path));
  const resources = await waitUntil('a whole Terraform state', read, { deadline, fix, clock });
  const ours = resources.filter(({ type }) => type.startsWith('docker_'));
  const ids = ours.flatMap(({ instances }) => instances.map(({ attributes }) => attributes?.id ?? ''));
  return new Set(ids.filter((id) => id !== ''));
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
