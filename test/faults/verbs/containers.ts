/** Faults of whole servers, as an operator or the machine makes them. */
import { docker } from '../../support/shell.js';
import type { Fault, Victim } from '../fault.js';
import { inTurn } from '../turns.js';

export function kill(...servers: Victim[]): Fault {
  return down('kill', servers);
}

export function stop(...servers: Victim[]): Fault {
  return down('stop', servers);
}

export function restart(server: Victim): Fault {
  return {
    what: `docker restart ${server.name}`,
    inject: async () => {
      await docker('restart', server.container);
    },
    heal: async () => start(server),
  };
}

export function pause(...servers: Victim[]): Fault {
  return {
    what: `docker pause ${namesOf(servers)}`,
    inject: async () => {
      const containers = servers.map(({ container }) => container);
      await inTurn(containers, async () => docker('pause', ...containers));
    },
    heal: async () => {
      for (const server of servers) {
        if ((await server.containerState()) === 'paused') await docker('unpause', server.container);
      }
    },
  };
}

/** Start it unless it runs. */
export async function start(server: Victim): Promise<void> {
  await docker('start', server.container);
}

/** They are started in the order of `servers`, each as soon as the one before has been. */
function down(how: 'kill' | 'stop', servers: readonly Victim[]): Fault {
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

function namesOf(servers: readonly Victim[]): string {
  return servers.map(({ name }) => name).join(' ');
}
