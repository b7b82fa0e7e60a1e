/** What Terraform's state says that it made in Docker. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { UserError } from './errors.js';

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

/**
 * Docker's ids (for volumes: names) of everything that the state in file `path` knows; none when there is no such file.
 *
 * @throws UserError when the file is not a state
 */
export function deployedIds(path: string): Set<string> {
  if (!existsSync(path)) return new Set();
  const resources = readResources(path).filter(({ type }) => type.startsWith('docker_'));
  const ids = resources.flatMap(({ instances }) => instances.map(({ attributes }) => attributes?.id ?? ''));
  return new Set(ids.filter((id) => id !== ''));
}

function readResources(path: string): z.infer<typeof schema>['resources'] {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8'))).resources;
  } catch {
    throw new UserError(
      `${path} is damaged: it is not a Terraform state; put ${path}.backup in its place, which is the state before the last change`,
    );
  }
}
