/** Opens what a running cluster is read through: Docker, and SQL with the superuser's password. */
import { systemClock, type Clock } from '../kit/clock.js';
import { UserError } from '../kit/errors.js';
import { readSecrets, recoverSecrets, secretsPath, type Secrets } from '../kit/secrets.js';
import { $ } from '../kit/shell.js';
import { openDocker, type Docker } from './docker.js';
import { askState } from './node-state.js';
import type { Sources } from './read.js';
import { openSql } from './sql.js';
import type { ClusterView } from './view.js';

export interface Live extends Sources {
  readonly secrets: Secrets | undefined;
  readonly clock: Clock;
  close(): void;
}

/** @throws UserError when Docker does not answer, or the secrets file is damaged */
export async function openLive(prefix: string, provider: ClusterView['provider']): Promise<Live> {
  const docker = openDocker($);
  const secrets = readSecrets(secretsPath(prefix)) ?? (await recoverFromServers(docker, prefix));
  const sql = secrets === undefined ? undefined : openSql(secrets.superuser_password);
  return { prefix, provider, docker, sql, secrets, clock: systemClock, close: () => sql?.close() };
}

/** Run `work` with the cluster opened, and close it whatever happens. */
export async function withLive<T>(
  { prefix, dockerProvider }: { prefix: string; dockerProvider: ClusterView['provider'] },
  work: (live: Live) => Promise<T>,
): Promise<T> {
  const live = await openLive(prefix, dockerProvider);
  try {
    return await work(live);
  } finally {
    live.close();
  }
}

/**
 * The secrets as a configured server has them; undefined when no server gives them. They are not written to this machine
 * again: only the bootstrap does that, since a file says that there is a cluster, also after a destroy.
 *
 * `formed` is what that server says, and its members are left open: only the group knows them.
 */
export async function recoverFromServers(docker: Docker, prefix: string): Promise<Secrets | undefined> {
  const { containers } = await docker.objects(prefix);
  const running = containers.filter(({ status }) => status === 'running');
  const answers = await Promise.all(
    running.map(async ({ container }) => ({ container, answer: await askState(docker, container, 2_000) })),
  );
  const formed = answers.some(({ answer }) => answer.asked && answer.state.formation === 'consumed');
  const giver = answers.find(({ answer }) => answer.asked && answer.state.configured === 'yes');
  if (giver === undefined) return undefined;
  const ask = async (name: string) => {
    const outcome = await docker.exec(giver.container, ['pgraft-node', 'secret', name], { deadline: 2_000 });
    if (!outcome.ok) throw new UserError(`${giver.container}: ${outcome.problem}`);
    return outcome.stdout;
  };
  return recoverSecrets(ask, { formed, members: [] });
}
