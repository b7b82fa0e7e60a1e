/** npm start: from wherever the machine is to a running cluster, and its status. */
import { Command } from 'commander';
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { clusterTopology } from '../constructs/topology.js';
import { main } from './kit/command.js';
import { InterruptedError, UserError } from './kit/errors.js';
import { findObstacles } from './kit/guards.js';
import { projectDirectory } from './kit/places.js';
import { openReport, type Report } from './kit/report.js';
import { $ } from './kit/shell.js';
import { findTerraform, runCdktf } from './kit/terraform.js';
import { found, notYet, waitUntil } from './kit/wait.js';
import { openDocker } from './live/docker.js';
import { problemsOf } from './live/health.js';
import { withLive, type Live } from './live/open.js';
import { statusPage } from './live/status-page.js';
import type { ClusterView } from './live/view.js';
import { openWatch } from './live/watch.js';

new Command('start')
  .description('Bring the cluster up: create what is missing, start what was stopped, and show the status.')
  .allowExcessArguments(false)
  .parse();

await main(async () => {
  const begin = performance.now();
  const settings = loadSettings(projectDirectory);
  const { prefix, nodes, dockerProvider } = settings;
  const report = openReport();
  const servers = nodes === 1 ? '1 server' : `${nodes} servers`;
  report.note(`Bringing up cluster ${prefix}: ${servers} of PostgreSQL 17 that agree through Raft on one primary.`);
  const terraform = await report.step('ports and names are free', async () => {
    const [program, obstacles] = await Promise.all([findTerraform($), findObstacles(clusterTopology(settings), $)]);
    if (obstacles.length > 0) throw new UserError(`nothing was created: ${obstacles.join('\n       ')}`);
    return program;
  });
  await startStopped(prefix, report);
  report.note(
    `Terraform (${dockerProvider} Docker provider) now creates what is missing: image, network, volumes, containers. ` +
      'Then the servers get their data and form the Raft group.',
  );
  const { status, interruptedBy } = await runCdktf('deploy', settings, terraform);
  if (status !== 0 && interruptedBy !== undefined) {
    throw new InterruptedError(
      interruptedBy,
      'interrupted: what was made so far stays; npm start goes on from there, npm run destroy removes it',
    );
  }
  if (status !== 0) {
    throw new UserError(
      `cdktf deploy ended with status ${status}: what went wrong stands above; npm start goes on from there`,
    );
  }
  await withLive(settings, async (live) => {
    const view = await report.step('the cluster is healthy', async (progress) => settled(live, progress));
    console.log(`\n${statusPage(view)}\n`);
  });
  console.log(`Done in ${prettyMs(performance.now() - begin)}. Connect with: psql "$(npm run -s url)"`);
  return 0;
});

/** Terraform had nothing to wait for where servers were only started again. */
async function settled(live: Live, progress: (line: string) => void): Promise<ClusterView> {
  const look = openWatch(live, live.clock);
  const probe = async () => {
    const view = await look();
    if (view === undefined) throw new UserError('the deploy ended well and left no container; see its output above');
    const problems = problemsOf(view);
    return problems.length === 0 ? found(view) : notYet(problems.join('; '));
  };
  const fix = 'see npm run status and npm run logs';
  return waitUntil('a healthy cluster', probe, { deadline: 120_000, fix, clock: live.clock, progress });
}

/** Terraform leaves a stopped container as it is (design.md §3), so servers that were stopped by hand are started here. */
async function startStopped(prefix: string, report: Report): Promise<void> {
  const docker = openDocker($);
  const { containers } = await docker.objects(prefix);
  const paused = containers.filter(({ status }) => status === 'paused').map(({ container }) => container);
  if (paused.length > 0) {
    throw new UserError(
      `${paused.join(', ')}: paused, and stays so until you say otherwise; run docker unpause ${paused.join(' ')}, then npm start`,
    );
  }
  const stopped = containers.filter(({ status }) => status === 'exited' || status === 'created');
  if (stopped.length === 0) return;
  const names = stopped.map(({ container }) => container);
  await report.step(`started again: ${names.join(', ')}`, async () => docker.start(names));
}
