/** What must be so before anything is created: nobody else has our ports or our names. */
import { createServer } from 'node:net';
import { statePath } from '../../constructs/state-path.js';
import { clusterLabel, type ClusterTopology } from '../../constructs/topology.js';
import { isFirstDeployUnfinished } from './first-deploy.js';
import { dockerAnswer } from './docker-answer.js';
import { projectDirectory } from './places.js';
import { outcomeOf, type Shell } from './shell.js';
import { deployedIds } from './terraform-state.js';
import { isUnfinished } from './unfinished.js';

/** A running container that publishes ports on the host. */
export interface Publisher {
  readonly container: string;
  /** Value of its label pgraft.cluster; empty without. */
  readonly cluster: string;
  readonly ports: readonly number[];
}

/** An object in Docker by name. */
export interface NamedObject {
  readonly kind: 'container' | 'network' | 'volume';
  readonly name: string;
  /** Docker's id; a volume has only its name. */
  readonly id: string;
  /** Value of its label pgraft.cluster; empty without. */
  readonly cluster: string;
}

/** A port that somebody listens on. */
export interface BusyPort {
  readonly port: number;
  /** Who, where that can be found. */
  readonly holder: string | undefined;
}

/**
 * Everything that stands in the way of creating what is missing of the cluster `topology`, a sentence each; empty when
 * nothing does. What Terraform made of it before does not.
 *
 * @param sweepComes what a killed first deploy left is not in the way, since it is yet to be removed
 * @throws UserError when the Docker engine does not answer, or Terraform's state is damaged
 */
export async function findObstacles(
  topology: ClusterTopology,
  $: Shell,
  { sweepComes = false }: { sweepComes?: boolean } = {},
): Promise<string[]> {
  const { prefix, bindAddress } = topology;
  const [publishers, objects] = await Promise.all([listPublishers($), listObjects($)]);
  const own = new Set(publishers.filter(({ cluster }) => cluster === prefix).flatMap(({ ports }) => ports));
  const wanted = topology.nodes.flatMap(({ postgresPort, raftPort }) => [postgresPort, raftPort]);
  const toTry = wanted.filter((port) => !own.has(port));
  const busy = await busyPorts(toTry, bindAddress, publishers, $);
  // Terraform takes a volume over as it is: right for one that our own unfinished deploy made, and for no other
  const strangers = (await strangersAmong(objects, prefix)).filter(
    ({ kind }) => kind !== 'volume' || !(isUnfinished(prefix) || isFirstDeployUnfinished(prefix)),
  );
  const inTheWay = sweepComes ? [] : strangers;
  return [...portObstacles(busy, topology), ...nameObstacles(objects, topology), ...strangerObstacles(inTheWay)];
}

/** What carries the label of cluster `prefix`, and this checkout's Terraform state does not know. */
export async function findStrangers(prefix: string, $: Shell): Promise<NamedObject[]> {
  return strangersAmong(await listObjects($), prefix);
}

async function strangersAmong(objects: readonly NamedObject[], prefix: string): Promise<NamedObject[]> {
  const deployed = await deployedIds(statePath(projectDirectory, prefix, 'cluster'));
  return objects.filter(({ cluster, id }) => cluster === prefix && !deployed.has(id));
}

/** Pure: what busy ports mean. */
export function portObstacles(busy: readonly BusyPort[], { nodes }: ClusterTopology): string[] {
  return busy.map(({ port, holder }) => {
    const node = nodes.find(({ postgresPort, raftPort }) => port === postgresPort || port === raftPort);
    const use = port === node?.postgresPort ? 'PostgreSQL' : 'Raft';
    const variable = port === node?.postgresPort ? 'PGRAFT_POSTGRES_PORT' : 'PGRAFT_RAFT_PORT';
    return (
      `port ${port} (${use} of ${node?.container ?? 'a server'}) is in use${holder === undefined ? '' : ` by ${holder}`}; ` +
      `stop that, or choose other ports with ${variable}`
    );
  });
}

/** Pure: names of ours that somebody else's objects have. */
export function nameObstacles(objects: readonly NamedObject[], { prefix, network, nodes }: ClusterTopology): string[] {
  const names = {
    network: [network],
    container: nodes.map(({ container }) => container),
    volume: nodes.map(({ volume }) => volume),
  };
  return objects
    .filter(({ kind, name, cluster }) => names[kind].includes(name) && cluster !== prefix)
    .map(
      ({ kind, name }) =>
        `there is a ${kind} ${name} that does not belong to this cluster (it lacks the label ${clusterLabel}=${prefix}); ` +
        `remove it with "docker ${kind} rm ${name}" if it may go, or choose another prefix with PGRAFT_PREFIX`,
    );
}

/**
 * Pure: what it means that `strangers` carry our label and Terraform does not know them. Containers and networks would be in
 * its way half-way through; a volume would even be taken over, with whatever data it has.
 */
export function strangerObstacles(strangers: readonly NamedObject[]): string[] {
  const [first] = strangers;
  if (first === undefined) return [];
  return [
    `${listed(strangers)} ${strangers.length === 1 ? 'is' : 'are'} labelled as of cluster ${first.cluster}, and the Terraform ` +
      'state of this checkout does not know that: it belongs to another checkout, or that state was lost. Work in that ' +
      'checkout, choose another prefix with PGRAFT_PREFIX, or, if it may go with all its data, run: ' +
      removalCommands(strangers).join(' && '),
  ];
}

/** Pure: `container a, volume b`. */
export function listed(objects: readonly Pick<NamedObject, 'kind' | 'name'>[]): string {
  return objects.map(({ kind, name }) => `${kind} ${name}`).join(', ');
}

/** Pure: the docker commands that remove `objects`, in the order that Docker asks for. */
export function removalCommands(objects: readonly Pick<NamedObject, 'kind' | 'name'>[]): string[] {
  const commands = {
    container: 'docker container rm --force',
    volume: 'docker volume rm',
    network: 'docker network rm',
  };
  return (Object.keys(commands) as NamedObject['kind'][]).flatMap((kind) => {
    const names = objects.filter((object) => object.kind === kind).map(({ name }) => name);
    return names.length === 0 ? [] : [`${commands[kind]} ${names.join(' ')}`];
  });
}

/** Host ports in the text of docker's Ports column, such as `127.0.0.1:5432->5432/tcp, 0.0.0.0:7001-7002->7001-7002/tcp`. */
export function publishedPorts(text: string): number[] {
  return [...text.matchAll(/:(\d+)(?:-(\d+))?->/g)].flatMap(([, first, last]) => {
    const from = Number(first);
    const to = Number(last ?? first);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

const limit = 10_000;

async function table($: Shell, args: readonly string[]): Promise<string[][]> {
  const output = await $({ timeout: limit, input: '' })`docker ${args}`;
  const text = dockerAnswer(outcomeOf(output, 'docker', limit), 'Docker does not answer');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

const labelColumn = `{{.Label "${clusterLabel}"}}`;

async function listPublishers($: Shell): Promise<Publisher[]> {
  const rows = await table($, ['ps', '--format', `{{.Names}}\t${labelColumn}\t{{.Ports}}`]);
  return rows.map(([container = '', cluster = '', ports = '']) => ({
    container,
    cluster,
    ports: publishedPorts(ports),
  }));
}

/** Every container, network and volume of the Docker engine. */
export async function listObjects($: Shell): Promise<NamedObject[]> {
  const columns = (name: string, id: string) => ['--format', `{{${name}}}\t{{${id}}}\t${labelColumn}`];
  const [containers, networks, volumes] = await Promise.all([
    table($, ['ps', '--all', '--no-trunc', ...columns('.Names', '.ID')]),
    table($, ['network', 'ls', '--no-trunc', ...columns('.Name', '.ID')]),
    table($, ['volume', 'ls', ...columns('.Name', '.Name')]),
  ]);
  const named = (kind: NamedObject['kind'], rows: string[][]) =>
    rows.map(([name = '', id = '', cluster = '']) => ({ kind, name, id, cluster }));
  return [...named('container', containers), ...named('network', networks), ...named('volume', volumes)];
}

async function busyPorts(
  ports: readonly number[],
  address: string,
  publishers: readonly Publisher[],
  $: Shell,
): Promise<BusyPort[]> {
  const tried = await Promise.all(ports.map(async (port) => ({ port, free: await isFree(port, address) })));
  const busy = tried.filter(({ free }) => !free).map(({ port }) => port);
  return Promise.all(busy.map(async (port) => ({ port, holder: await holderOf(port, publishers, $) })));
}

/** Whether this machine could listen there now. An address that is not this machine's is Docker's to complain about. */
export async function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'EADDRINUSE');
    });
    server.listen({ port, host: address, exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

async function holderOf(port: number, publishers: readonly Publisher[], $: Shell): Promise<string | undefined> {
  const publisher = publishers.find(({ ports }) => ports.includes(port));
  if (publisher !== undefined) return `container ${publisher.container}`;
  const ss = await $({ timeout: limit, input: '' })`ss -Hltnp ${`sport = :${port}`}`;
  const [, name, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(ss.stdout) ?? [];
  if (name !== undefined) return `process ${pid ?? '?'} (${name})`;
  const lsof = await $({ timeout: limit, input: '' })`lsof -nP -sTCP:LISTEN -Fpc ${`-iTCP:${port}`}`;
  const [, lsofPid, lsofName] = /^p(\d+)\nc(.+)$/m.exec(lsof.stdout) ?? [];
  return lsofName === undefined ? undefined : `process ${lsofPid ?? '?'} (${lsofName})`;
}
