/** What the hooks Leave and Roll share. */
import { isAlive } from '../../setup/lock.mjs';
import type { HookCluster } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { UserError } from '../kit/errors.js';
import { openPauseNote, type PauseNote } from '../kit/pause-note.js';
import { projectDirectory } from '../kit/places.js';
import { openReport, type Report } from '../kit/report.js';
import { ownerOfRun, whyHopeless, type Turn, type Turns } from '../kit/turn.js';
import { withLive, type Live } from '../live/open.js';
import type { ClusterView } from '../live/view.js';

export interface DepartureTools {
  readonly live: Live;
  readonly turns: Turns;
  readonly pause: PauseNote;
  readonly report: Report;
  /** As it is to be. */
  readonly cluster: HookCluster;
  /** @throws UserError once the Terraform that called this hook has ended: what it has not begun is not begun any more */
  readonly expectRun: () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export async function withDepartureTools<T>(
  cluster: HookCluster,
  turns: (prefix: string) => Turns,
  work: (tools: DepartureTools) => Promise<T>,
): Promise<T> {
  const { prefix } = cluster;
  const { dockerProvider } = loadSettings(projectDirectory);
  const run = ownerOfRun();
  const expectRun = () => {
    if (!isAlive(run)) throw new UserError('the deploy was ended: nothing more was begun; deploy again to go on');
  };
  return withLive({ prefix, dockerProvider }, async (live) => {
    const [report, pause] = [openReport(), openPauseNote(prefix)];
    return work({ live, turns: turns(prefix), pause, report, cluster, expectRun, now: () => Date.now() });
  });
}

/** Who has the turn, as somebody who waits is told. @throws UserError when waiting for it is in vain */
export function describeHolder(holder: Turn, waiting: string, now: number): string {
  const hopeless = whyHopeless(holder, now);
  if (hopeless === undefined) return `${holder.container} ${holder.what}`;
  throw new UserError(
    `${hopeless}; ${waiting} was not touched and goes on: mend that (npm run status, npm run logs), then deploy again`,
  );
}

/** A report of steps within a step. */
export function within(progress: (line: string) => void): Report {
  return {
    note: progress,
    step: async (title, work) => {
      progress(title.replace(/^\d+\. /, ''));
      return work(progress);
    },
  };
}

/** A view there must be. */
export function existing(view: ClusterView | undefined, prefix: string): ClusterView {
  if (view !== undefined) return view;
  throw new UserError(`no container of cluster ${prefix} is left; npm start makes it anew`);
}
