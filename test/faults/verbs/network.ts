/** Faults of the network: servers cut off altogether, or packets lost in one direction. */
import { docker, dockerLines, mustRun, run } from '../../support/shell.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import type { Fault, Victim } from '../fault.js';
import { inTurn } from '../turns.js';
import { NoSuchProcessError } from './processes.js';

export type Direction = 'to' | 'from' | 'to and from';

/** As an operator does it: the server loses its address, its clients lose it too. In turns, as two of them may be healed at once. */
export function disconnect(cluster: { readonly network: string }, ...servers: Victim[]): Fault {
  const isConnected = async ({ container }: Victim) => {
    const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}';
    return (await dockerLines('inspect', '--format', format, container)).includes(cluster.network);
  };
  return {
    what: `docker network disconnect ${servers.map(({ name }) => name).join(' ')}`,
    inject: async () => {
      for (const { container } of servers) {
        await inTurn([container], async () => docker('network', 'disconnect', cluster.network, container));
      }
    },
    heal: async () => {
      for (const server of servers) {
        await inTurn([server.container], async () => {
          if (!(await isConnected(server))) await docker('network', 'connect', cluster.network, server.container);
        });
      }
    },
  };
}

/** Packets of `server` to, from, or to and from, the other servers are lost; its clients, on this machine, still reach it. */
export function partition(cluster: FaultCluster, server: FaultServer, direction: Direction, peer?: FaultServer): Fault {
  return {
    what: `lose packets of ${server.name} ${direction} ${peer?.name ?? 'all servers'}`,
    inject: async () => {
      const far = peer === undefined ? await othersOn(cluster.network) : { address: await addressOf(cluster, peer) };
      for (const rule of rules(direction, far)) await iptables(server, rule);
    },
    heal: async () => {
      // with its container the rules went, too; a paused one has them still
      const isUp = async () => ['running', 'paused'].includes(await server.containerState());
      if (!(await isUp())) return;
      for (const chain of ['INPUT', 'OUTPUT']) {
        await iptables(server, ['-F', chain]).catch(async (error: unknown) => {
          if (await isUp()) throw error;
        });
      }
    },
  };
}

interface Far {
  /** Address or subnet whose packets are lost. */
  readonly address: string;
  /** Whose packets within that subnet are not. */
  readonly gateway?: string;
}

function rules(direction: Direction, { address, gateway }: Far): string[][] {
  const chains = [
    ...(direction === 'to' ? [] : [{ chain: 'INPUT', side: '--source' }]),
    ...(direction === 'from' ? [] : [{ chain: 'OUTPUT', side: '--destination' }]),
  ];
  return chains.flatMap(({ chain, side }) => [
    ...(gateway === undefined ? [] : [['-A', chain, side, gateway, '-j', 'ACCEPT']]),
    ['-A', chain, side, address, '-j', 'DROP'],
  ]);
}

async function othersOn(network: string): Promise<Far> {
  const format = '{{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}';
  const [address = '', gateway = ''] = (await docker('network', 'inspect', '--format', format, network)).split(' ');
  return { address, gateway };
}

async function addressOf(cluster: FaultCluster, { container }: FaultServer): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${cluster.network}").IPAddress}}`;
  return docker('inspect', '--format', format, container);
}

/** In the container's network; the image needs no iptables, this machine does. */
async function iptables({ name, container }: FaultServer, rule: readonly string[]): Promise<void> {
  const pid = await docker('inspect', '--format', '{{.State.Pid}}', container);
  if (pid === '0') throw new NoSuchProcessError(`${name} is down`);
  await mustRun('nsenter', ['--target', pid, '--net', 'iptables', '--wait', ...rule]);
}

/** Whether this machine can lose packets of a container: root of a Linux that runs the engine itself, with iptables. */
export async function canPartition(server: FaultServer): Promise<boolean> {
  const pid = await docker('inspect', '--format', '{{.State.Pid}}', server.container);
  const tried = run('nsenter', ['--target', pid, '--net', 'iptables', '--wait', '-L', 'INPUT', '-n']);
  return (await tried.catch(() => ({ status: 1 }))).status === 0;
}
