import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfPresent } from '../../constructs/read-if-present.js';
import { messageOf, UserError } from './errors.js';
import { clusterDirectory, removePrivateFile, writePrivateFile } from './places.js';

const raftKey = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.strictObject({
  superuser_password: z.string().min(1),
  replication_password: z.string().min(1),
  application_password: z.string().min(1),
  /** The one that the servers' challenges are made with. */
  raft_key: raftKey,
  /** While the key is changed, as far as servers know both: the one that comes into use next, or the one that is about to go. */
  next_raft_key: raftKey.optional(),
  former_raft_key: raftKey.optional(),
  /** Allows each server to form the Raft group once (R4); the same for all servers of one bootstrap. */
  formation_token: z.string().min(1),
  /** The Raft group has formed: from now on a server without data is no reason to initialise one. */
  formed: z.boolean(),
  /** Ids of the servers that the group was last known to have. */
  members: z.array(z.int()),
});

/** A cluster's secrets, and what this machine remembers about the cluster. */
export type Secrets = z.infer<typeof schema>;

/** The secrets that a node can give back, by the names that `pgraft-node secret` knows. */
const kept = {
  superuser: 'superuser_password',
  replication: 'replication_password',
  application: 'application_password',
  raft: 'raft_key',
} as const;

export type SecretName = keyof typeof kept;

/** The secrets file of cluster `prefix`; made by its bootstrap, removed with the cluster. */
export function secretsPath(prefix: string, directory = clusterDirectory(prefix)): string {
  return join(directory, 'secrets.json');
}

export function generateRaftKey(): string {
  return randomBytes(32).toString('hex');
}

/** The keys that a server may be given now, the one in use first; two while the key is changed. */
export function raftKeys({ raft_key, next_raft_key, former_raft_key }: Secrets): string[] {
  return [raft_key, next_raft_key ?? former_raft_key].filter((key) => key !== undefined);
}

/** New random secrets for a cluster that does not exist yet. */
export function generateSecrets(): Secrets {
  const random = () => randomBytes(32).toString('base64url');
  return {
    superuser_password: random(),
    replication_password: random(),
    application_password: random(),
    raft_key: generateRaftKey(),
    formation_token: random(),
    formed: false,
    members: [],
  };
}

/**
 * The secrets in `path`, or undefined when there is no such file.
 *
 * @throws UserError when the file cannot be read or is not what was written
 */
export function readSecrets(path: string): Secrets | undefined {
  const text = readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    // neither zod's nor JSON's message is shown: both can quote the contents
    const cause = error instanceof z.ZodError ? 'fields are missing or malformed' : 'it is not readable JSON';
    throw new UserError(
      `${path} is damaged (${cause}); move it away and run the command again: the secrets are then read from a running server`,
    );
  }
}

/** Every secret value of cluster `prefix` that this machine has, so that it can be kept out of what is shown. */
export function knownSecrets(prefix: string): string[] {
  try {
    const secrets = readSecrets(secretsPath(prefix));
    return Object.values(secrets ?? {}).filter((value) => typeof value === 'string');
  } catch (error) {
    // nothing was read from the file, so nothing of it can be shown
    if (error instanceof UserError) return [];
    throw error;
  }
}

export function writeSecrets(path: string, secrets: Secrets): void {
  writePrivateFile(path, `${JSON.stringify(schema.parse(secrets), undefined, 2)}\n`);
}

export function removeSecrets(path: string): void {
  removePrivateFile(path);
}

/**
 * Ask a server for the secrets that this machine has lost.
 *
 * @param ask gives one secret (`pgraft-node secret <name>` on a configured server); of the Raft key two lines while it is changed
 * @param formed whether that server says that the group has formed
 * @throws UserError when the server does not give them
 */
export async function recoverSecrets(
  ask: (name: SecretName) => Promise<string>,
  { formed, members }: Pick<Secrets, 'formed' | 'members'>,
): Promise<Secrets> {
  const names = Object.keys(kept) as SecretName[];
  try {
    const values = await Promise.all(names.map(async (name) => [kept[name], (await ask(name)).trim()] as const));
    const given = Object.fromEntries(values) as Record<(typeof kept)[SecretName], string>;
    const [raft_key, former_raft_key] = given.raft_key.split(/\r?\n/);
    return schema.parse({ ...generateSecrets(), ...given, raft_key, former_raft_key, formed, members });
  } catch (error) {
    const cause = error instanceof z.ZodError ? 'it gave an empty or malformed one' : messageOf(error);
    throw new UserError(
      `the secrets are neither in this directory nor given by a server: ${cause}; start the servers, then run this again`,
    );
  }
}

/** What a node is told, over standard input and never otherwise: `key=value` lines of `pgraft-node configure`. */
export function configureLines(secrets: Secrets, { initialCluster, form }: { initialCluster: string; form: boolean }) {
  const [raft_key = '', second_raft_key] = raftKeys(secrets);
  const lines = [
    `initial_cluster=${initialCluster}`,
    `raft_key=${raft_key}`,
    `superuser_password=${secrets.superuser_password}`,
    `replication_password=${secrets.replication_password}`,
    `application_password=${secrets.application_password}`,
  ];
  if (second_raft_key !== undefined) lines.push(`second_raft_key=${second_raft_key}`);
  if (form) lines.push(`formation_token=${secrets.formation_token}`);
  return `${lines.join('\n')}\n`;
}
