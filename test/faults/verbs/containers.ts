/** Faults of whole servers, as an operator or the machine makes them. */
import { docker } from '../../support/shell.js';
import type { FaultServer } from '../fault-cluster.js';
import type { Fault } from '../fault.js';

export function kill(...servers: FaultServer[]): Fault {
  return down('kill', servers);
}

export function stop(...servers: FaultServer[]): Fault {
  return down('stop', servers);
}

export function restart(server: FaultServer): Fault {
  return {
    what: `docker restart ${server.name}`,
    inject: async () => {
      await docker('restart', server.container);
    },
    heal: async () => start(server),
  };
}

export function pause(...servers: FaultServer[]): Fault {
  return {
    what: `docker pause ${namesOf(servers)}`,
    inject: async () => {
      await docker('pause', ...servers.map(({ container }) => container));
    },
    heal: async () => {
      for (const server of servers) {
        if ((await server.containerState()) === 'paused') await docker('unpause', server.container);
      }
    },
  };
}

/** Start it unless it runs. */
export async function start(server: FaultServer): Promise<void> {
  await docker('start', server.container);
}

/** They are started in the order of `servers`, each as soon as the one before has been. */
function down(how: 'kill' | 'stop', servers: readonly FaultServer[]): Fault {
  return {
    what: `docker ${how} ${namesOf(servers)}`,
    inject: async () => {
      await docker(how, ...servers.map(({ container }) => container));
    },
    heal: async () => {
      for (const server of servers) await start(server);
    },
  };
}

function namesOf(servers: readonly FaultServer[]): string {
  return servers.map(({ name }) => name).join(' ');
}
