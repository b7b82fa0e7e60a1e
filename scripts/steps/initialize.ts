/** `pgraft_cluster --init`: bring a cluster up with the documented lines; one that runs is left as it is. */
import type { ClusterSettings } from '../../constructs/settings.js';
import { clusterTopology, type ClusterTopology } from '../../constructs/topology.js';
import { UserError } from '../kit/errors.js';
import type { Progress } from '../kit/progress.js';
import type { Report } from '../kit/report.js';
import { openTranscript } from '../kit/transcript.js';
import { healthSentence, problemsOf } from '../live/health.js';
import { withLive } from '../live/open.js';
import { readCluster } from '../live/read.js';
import type { ClusterView } from '../live/view.js';
import { bringUp } from './bring-up.js';
import { initLines, progressIn, provenBy, type InitLine } from './init-page.js';

export interface InitOptions {
  readonly progress: Progress;
  /** Called when nothing stands in the way any more, before anything is created. */
  readonly beforeDeploy: () => void;
}

/**
 * A cluster that is not whole (its first start was broken off, servers were stopped) is gone on with, as npm start does.
 *
 * @throws UserError when a cluster of another size is there, or a step fails
 */
export async function initialize(settings: ClusterSettings, { progress, beforeDeploy }: InitOptions): Promise<void> {
  const present = await lookAround(settings);
  if (present?.formed === true) {
    const { prefix, nodes } = settings;
    if (present.size !== nodes) throw new UserError(otherSize(prefix, present.size, nodes));
    if (problemsOf(present.view).length === 0) {
      progress.print(`cluster ${prefix} runs already (${healthSentence(present.view)}): nothing was changed`);
      return;
    }
  }
  const transcript = openTranscript();
  const page = openPage(clusterTopology(settings), progress);
  try {
    await bringUp(settings, {
      report: quietReport(progress),
      beforeDeploy: () => {
        beforeDeploy();
        page.come('begin');
      },
      output: (line) => {
        transcript.add(line);
        page.hear(line);
      },
    });
    page.comeAll();
  } catch (error) {
    progress.end();
    transcript.explain(error);
    throw error;
  }
}

interface Present {
  readonly view: ClusterView;
  readonly formed: boolean;
  readonly size: number;
}

async function lookAround(settings: ClusterSettings): Promise<Present | undefined> {
  return withLive(settings, async (live) => {
    const view = await readCluster(live);
    if (view === undefined) return undefined;
    const formed = view.members.length > 0 || live.secrets?.formed === true;
    const known = view.members.length > 0 ? view.members.length : live.secrets?.members.length;
    return { view, formed, size: known === undefined || known === 0 ? view.nodes.length : known };
  });
}

function otherSize(prefix: string, size: number, nodes: number): string {
  return (
    `there is a cluster ${prefix} with ${size} ${size === 1 ? 'server' : 'servers'}, and --init would make one with ${nodes}; ` +
    `nothing was changed. Say --nodes ${size}, or choose another PGRAFT_PREFIX for a second cluster, or remove this one ` +
    'with all its data: npx pgraft_cluster --docker --destroy'
  );
}

/** The steps of npm start are shown as what is being worked on. */
function quietReport(progress: Progress): Report {
  return {
    note: () => undefined,
    step: async (_title, work) =>
      work((line) => {
        progress.detail(line);
      }),
  };
}

/** Prints each line of the page as soon as it and all lines before it have come true. */
function openPage(cluster: ClusterTopology, progress: Progress) {
  const waiting = initLines(cluster);
  const proven = new Set<InitLine['id']>();
  const come = (...ids: InitLine['id'][]) => {
    for (const id of ids) proven.add(id);
    for (let [line] = waiting; line !== undefined && proven.has(line.id); [line] = waiting) {
      progress.print(`✓ ${line.text}`);
      waiting.shift();
    }
    const [next] = waiting;
    progress.working(next?.id === 'end' ? 'Waiting until every server is healthy...' : (next?.text ?? ''));
  };
  return {
    come,
    comeAll: () => {
      come(...waiting.map(({ id }) => id));
    },
    hear: (line: string) => {
      const detail = progressIn(line);
      if (detail !== undefined) progress.detail(detail);
      come(...provenBy(line, cluster));
    },
  };
}
