/** Losses of what a server keeps on its disk, as when files are deleted, or the disk is replaced by an empty one. */
import { eventually } from '../../support/eventually.js';
import { docker } from '../../support/shell.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import type { Fault } from '../fault.js';
import { start } from './containers.js';

/** What is lost, and how: in the volume's directory, while the server is down. */
const removals = {
  'Raft log': 'rm -r pgraft/raft',
  'Raft directory': 'rm -r pgraft',
  'data directory': 'rm -r 17/main',
  volume: 'find . -mindepth 1 -delete',
} as const;

export type Loss = keyof typeof removals;
export const losses = Object.keys(removals) as readonly Loss[];

const startDeadline = 30_000;

/**
 * The server is killed, and what it has lost is gone when it starts again. A whole volume has the secrets, too: they are handed
 * over again, as `npm start` does. All the rest is the cluster's own work.
 */
export function lose(cluster: FaultCluster, server: FaultServer, loss: Loss): Fault {
  return {
    what: `docker kill ${server.name}, whose ${loss} is lost`,
    inject: async () => {
      await docker('kill', server.container);
      await server.onVolume(removals[loss]);
    },
    heal: async () => {
      await start(server);
      if (loss === 'volume') await configureAgain(cluster, server);
    },
  };
}

/** @throws UserError when it has not even said by the deadline what it has */
async function configureAgain(cluster: FaultCluster, server: FaultServer): Promise<void> {
  const look = async () => {
    const state = await server.exec('pgraft-node', 'state');
    return /^configured=(yes|no)$/m.exec(state)?.[1];
  };
  const what = `${server.name} to say whether it is configured`;
  const configured = await eventually(what, look, (seen) => seen !== undefined, startDeadline);
  if (configured === 'no') await cluster.configure(server);
}
