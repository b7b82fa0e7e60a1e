/** Check, after a server's container was made: a member is healthy again, a newcomer answers. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { main } from '../kit/command.js';
import { projectDirectory } from '../kit/places.js';
import { openReport } from '../kit/report.js';
import { withLive } from '../live/open.js';
import { openWatch } from '../live/watch.js';
import { checkNode } from '../steps/check.js';

await main(async () => {
  const { input, cluster } = readHookCall('check', process.env);
  const { dockerProvider } = loadSettings(projectDirectory);
  await withLive({ prefix: input.prefix, dockerProvider }, async (live) => {
    const known = { formed: live.secrets?.formed ?? false, members: live.secrets?.members ?? [] };
    const { docker, clock } = live;
    const look = openWatch(live, clock);
    await checkNode(
      { id: input.node, container: input.container },
      { docker, clock, report: openReport(), look, known, secrets: live.secrets, nodes: cluster.nodes },
    );
  });
  return 0;
});
