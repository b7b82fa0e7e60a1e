/** What the Docker engine says, through the docker CLI (which knows the user's contexts and hosts). */
import { z } from 'zod';
import { clientHost, clusterLabel, definitionLabel, nodeLabel, postgresPortInside } from '../../constructs/topology.js';
import { dockerAnswer, engineProblem } from '../kit/docker-answer.js';
import { UserError } from '../kit/errors.js';
import { outcomeOf, type Outcome, type Shell } from '../kit/shell.js';

/** What is read of a container. */
export interface Container {
  /** Docker's id. */
  readonly id: string;
  readonly container: string;
  /** Id and name of the node. */
  readonly node: number;
  readonly name: string;
  /** created, running, paused, restarting, removing, exited or dead. */
  readonly status: string;
  /** healthy, unhealthy or starting; undefined without a health check. */
  readonly health: string | undefined;
  /** When it came into this status (ISO 8601). */
  readonly since: string;
  /** Where this machine reaches its PostgreSQL; undefined when not published. */
  readonly postgres: Endpoint | undefined;
  /** Networks that it is connected to. */
  readonly networks: readonly string[];
  /** Hash of what it was made of, from its label; undefined for one that an older version of this project made. */
  readonly definition?: string | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What remains of a cluster in Docker. */
export interface ClusterObjects {
  readonly containers: readonly Container[];
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
}

export interface Docker {
  /** Everything that carries the label of cluster `prefix`. */
  objects(prefix: string): Promise<ClusterObjects>;
  /** Run a command in a container. `deadline` in milliseconds. @throws UserError only when the engine itself does not answer */
  exec(container: string, command: readonly string[], options: { input?: string; deadline: number }): Promise<Outcome>;
  start(containers: readonly string[]): Promise<void>;
  /** Within the stop timeout that each container has; a server that leads hands leadership over. */
  stop(containers: readonly string[]): Promise<void>;
}

/** Not in the terminal's process group, where Ctrl-C would end what brings a server back. */
const outOfReach = { detached: true };

/** The Docker engine that the docker CLI talks to. */
export function openDocker($: Shell, { deadline = 10_000 }: { deadline?: number } = {}): Docker {
  const quick = $({ timeout: deadline, input: '' });
  const run = async (args: readonly string[]) =>
    dockerAnswer(outcomeOf(await quick`docker ${args}`, 'docker', deadline), `docker ${args[0] ?? ''}`);
  const names = async (args: readonly string[]) => lines(await run(args));
  return {
    async objects(prefix) {
      const filter = ['--filter', `label=${clusterLabel}=${prefix}`];
      const [containers, volumes, networks] = await Promise.all([
        names(['container', 'ls', '--all', '--quiet', '--no-trunc', ...filter]),
        names(['volume', 'ls', '--quiet', ...filter]),
        names(['network', 'ls', '--format', '{{.Name}}', ...filter]),
      ]);
      return { containers: await inspect(quick, containers, deadline), volumes, networks };
    },
    async exec(container, command, { input = '', deadline: limit }) {
      const args = ['exec', '--interactive', container, ...command];
      // zx takes an empty string for no input, and would never end it
      const running = $({ timeout: limit, input: Buffer.from(input) })`docker ${args}`;
      // one that ends without reading it, since nobody answers, says itself why
      running.stdin.on('error', () => undefined);
      const outcome = outcomeOf(await running, `docker exec ${container} ${command.join(' ')}`, limit);
      const problem = outcome.ok ? undefined : engineProblem(outcome.problem);
      if (problem !== undefined) throw new UserError(problem);
      return outcome;
    },
    async start(containers) {
      const limit = 60_000;
      const output = await $({ ...outOfReach, timeout: limit, input: '' })`docker start ${[...containers]}`;
      const fix = `mend that; a container that cannot be mended may go ("docker rm <name>"), npm start makes it anew around its data`;
      dockerAnswer(outcomeOf(output, 'docker start', limit), `docker start ${containers.join(' ')}`, fix);
    },
    async stop(containers) {
      const limit = 120_000;
      const output = await $({ ...outOfReach, timeout: limit, input: '' })`docker stop ${[...containers]}`;
      dockerAnswer(outcomeOf(output, 'docker stop', limit), `docker stop ${containers.join(' ')}`, 'see docker ps');
    },
  };
}

const binding = z.object({ HostIp: z.string(), HostPort: z.string() });
const inspected = z.object({
  Id: z.string(),
  Name: z.string(),
  State: z.object({
    Status: z.string(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
  Config: z.object({ Labels: z.record(z.string(), z.string()), Env: z.array(z.string()).nullish() }),
  HostConfig: z.object({ PortBindings: z.record(z.string(), z.array(binding).nullable()).nullish() }),
  NetworkSettings: z.object({ Networks: z.record(z.string(), z.unknown()).nullish() }),
});

async function inspect($: Shell, ids: readonly string[], deadline: number): Promise<Container[]> {
  if (ids.length === 0) return [];
  // one that is removed meanwhile is an error for docker, but the others are printed all the same
  const output = await $`docker container inspect ${[...ids]}`;
  if (output.stdout.trim() === '') {
    dockerAnswer(outcomeOf(output, 'docker inspect', deadline), 'docker container inspect');
  }
  return readContainers(output.stdout);
}

/** Containers from the JSON of `docker container inspect`, in the order of their nodes. */
export function readContainers(json: string): Container[] {
  const result = z.array(inspected).safeParse(JSON.parse(json));
  if (!result.success) {
    throw new UserError(`docker inspect answered in a form we do not know: ${z.prettifyError(result.error)}`);
  }
  return result.data.map(container).sort((a, b) => a.node - b.node);
}

function container({ Id, Name, State, Config, HostConfig, NetworkSettings }: z.infer<typeof inspected>): Container {
  const full = Name.replace(/^\//, '');
  const prefix = Config.Labels[clusterLabel] ?? '';
  const published = HostConfig.PortBindings?.[`${postgresPortInside}/tcp`]?.[0];
  const up = State.Status === 'running' || State.Status === 'paused';
  return {
    id: Id,
    container: full,
    node: Number(Config.Labels[nodeLabel]),
    name: full.startsWith(`${prefix}-`) ? full.slice(prefix.length + 1) : full,
    status: State.Status,
    health: State.Health?.Status,
    since: up || State.Status === 'created' ? State.StartedAt : State.FinishedAt,
    postgres: published === undefined ? undefined : endpoint(published.HostIp, Number(published.HostPort)),
    networks: Object.keys(NetworkSettings.Networks ?? {}),
    definition: Config.Labels[definitionLabel],
  };
}

function endpoint(hostIp: string, port: number): Endpoint {
  const host = clientHost(hostIp === '' ? '0.0.0.0' : hostIp);
  return { host: host.replace(/^\[|\]$/g, ''), port };
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
