/** What our scripts are given to work on a cluster of the fault tests. */
import { rmSync } from 'node:fs';
import { clusterTopology, type ClusterTopology } from '../../constructs/topology.js';
import { clusterDirectory, projectDirectory } from '../../scripts/kit/places.js';
import { systemClock } from '../../scripts/kit/clock.js';
import { lineReport } from '../../scripts/kit/report.js';
import { generateSecrets } from '../../scripts/kit/secrets.js';
import { $ } from '../../scripts/kit/shell.js';
import { openDocker } from '../../scripts/live/docker.js';
import type { Live } from '../../scripts/live/open.js';
import { readCluster } from '../../scripts/live/read.js';
import { openSql } from '../../scripts/live/sql.js';
import type { ClusterView } from '../../scripts/live/view.js';
import { planRecovery, type RecoverPlan } from '../../scripts/steps/recover-plan.js';
import { recover } from '../../scripts/steps/recover.js';
import { survey } from '../../scripts/steps/survey.js';
import { secrets } from '../support/node-container.js';
import { runScript, type Ended } from '../support/shell.js';
import type { FaultCluster, FaultServer } from './fault-cluster.js';

export interface Scripts {
  readonly live: Live;
  view(): Promise<ClusterView>;
  /** What npm run recover would do for this server, or why it refuses. */
  plan(server?: FaultServer): Promise<RecoverPlan>;
  /** npm run recover. */
  recover(server: FaultServer): Promise<ClusterView>;
  /** `npm run <script> -- <args>`, as users type it. */
  npm(script: string, ...args: string[]): Promise<Ended>;
  close(): void;
}

export function openScripts(cluster: FaultCluster): Scripts {
  const topology = topologyOf(cluster);
  const live: Live = {
    prefix: topology.prefix,
    provider: 'embedded',
    docker: openDocker($),
    sql: openSql(secrets.superuser_password),
    secrets: { ...generateSecrets(), ...secrets, formed: true, members: cluster.servers.map(({ id }) => id) },
    clock: systemClock,
    close: () => live.sql?.close(),
  };
  const view = async () => {
    const seen = await readCluster(live);
    if (seen === undefined) throw new Error(`no container of ${topology.prefix} is left`);
    return seen;
  };
  const plan = async (server?: FaultServer) => {
    const seen = await survey(live, await view());
    return planRecovery(
      seen,
      seen.servers.find(({ id }) => id === server?.id),
    );
  };
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PGRAFT_'));
  const environment = { ...Object.fromEntries(inherited), NO_COLOR: '1', PGRAFT_PREFIX: topology.prefix };
  return {
    live,
    view,
    plan,
    npm: async (script, ...args) => runScript(script, args, { cwd: projectDirectory, env: environment }),
    recover: async (server) => {
      const decided = await plan(server);
      if (decided.kind === 'stop') throw new Error(decided.reason);
      const report = lineReport((line) => {
        console.info(line);
      });
      return recover(decided, topology, live, report);
    },
    close: () => {
      live.close();
      rmSync(clusterDirectory(topology.prefix), { recursive: true, force: true });
    },
  };
}

function topologyOf({ network, servers }: FaultCluster): ClusterTopology {
  const prefix = network.replace(/-network$/, '');
  const postgresPort = servers[0]?.port ?? 0;
  return clusterTopology({ nodes: servers.length, prefix, postgresPort, raftPort: 7001, bindAddress: '127.0.0.1' });
}
