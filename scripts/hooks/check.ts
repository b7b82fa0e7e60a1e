/** Check, after a server's container was made: a member is healthy again, a newcomer answers. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { main } from '../kit/command.js';
import { openPauseNote } from '../kit/pause-note.js';
import { projectDirectory } from '../kit/places.js';
import { openReport } from '../kit/report.js';
import { openTurns } from '../kit/turn.js';
import { withLive } from '../live/open.js';
import { openWatch } from '../live/watch.js';
import { checkNode } from '../steps/check.js';

await main(async () => {
  const { input, cluster } = readHookCall('check', process.env);
  const { dockerProvider } = loadSettings(projectDirectory);
  await withLive({ prefix: input.prefix, dockerProvider }, async (live) => {
    const known = { formed: live.secrets?.formed ?? false, members: live.secrets?.members ?? [] };
    const { docker, clock, sql } = live;
    const [turns, pause] = [openTurns(input.prefix), openPauseNote(input.prefix)];
    const look = openWatch(live, clock);
    await checkNode(
      { id: input.node, container: input.container },
      {
        docker,
        sql,
        clock,
        report: openReport(),
        look,
        known,
        secrets: live.secrets,
        nodes: cluster.nodes,
        turns,
        pause,
        reloadable: cluster.reloadable,
      },
    );
  });
  return 0;
});
