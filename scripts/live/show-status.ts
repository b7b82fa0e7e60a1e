/** The status on the terminal: once, or again and again. */
import { setTimeout } from 'node:timers/promises';
import { messageOf, UserError } from '../kit/errors.js';
import { problemsOf } from './health.js';
import { withLive, type Live } from './open.js';
import { paintFor } from './paint.js';
import { readCluster } from './read.js';
import { openScreen } from './screen.js';
import { readSettingDifferences } from './setting-differences.js';
import { statusJson, statusPage } from './status-page.js';
import type { ClusterView } from './view.js';

export interface Shown {
  readonly prefix: string;
  readonly dockerProvider: ClusterView['provider'];
}

/** Milliseconds from one reading to the next while watching, and for each server's settings. */
const refreshEvery = 1_000;
const settingsDeadline = 2_000;

/** Exit status of a status command: 0 healthy, 1 not healthy, 2 no cluster. */
export async function printStatus(shown: Shown, { json = false }: { json?: boolean } = {}): Promise<number> {
  return withLive(shown, async (live) => {
    const view = await readStatus(live);
    if (view === undefined) {
      console.error(absence(shown));
      return 2;
    }
    console.log(json ? statusJson(view) : statusPage(view, paintFor(process.stdout)));
    return problemsOf(view).length === 0 ? 0 : 1;
  });
}

/**
 * Show the status until somebody ends it.
 *
 * @returns 0: being ended is how it ends well
 * @throws UserError without a terminal
 */
export async function watchStatus(shown: Shown): Promise<number> {
  if (!process.stdout.isTTY) {
    throw new UserError('--watch needs a terminal; in a script call npm run status again and again, or with -- --json');
  }
  const paint = paintFor(process.stdout);
  const screen = openScreen(process.stdout);
  try {
    screen.draw(`reading cluster ${shown.prefix} ...`);
    while (!screen.closed) {
      const pause = setTimeout(refreshEvery);
      const page = await Promise.race([frame(), screen.ended]);
      if (page === undefined) break;
      screen.draw(page);
      await Promise.race([pause, screen.ended]);
    }
  } finally {
    screen.close();
  }
  return 0;

  /** What matters most stands above, where it is seen however low the window is. */
  function watchPage(view: ClusterView): string {
    const problems = problemsOf(view).length;
    const word = problems === 0 ? paint.good('healthy') : paint.bad(`not healthy (${problems})`);
    return `${header()}  ${word}\n\n${statusPage(view, paint)}`;
  }

  /** A cluster can come, go and come back with another password, so everything is opened anew. */
  async function frame(): Promise<string> {
    try {
      const view = await withLive(shown, readStatus);
      return view === undefined ? `${header()}\n\n${absence(shown)}` : watchPage(view);
    } catch (error) {
      return `${header()}\n\n${paint.bad(messageOf(error))}`;
    }
  }
}

async function readStatus(live: Live): Promise<ClusterView | undefined> {
  const view = await readCluster(live);
  if (view === undefined || live.sql === undefined) return view;
  const answering = view.nodes.flatMap(({ id, endpoint, postgres }) =>
    endpoint !== undefined && postgres.accepting ? [{ id, endpoint }] : [],
  );
  return { ...view, differences: await readSettingDifferences(live.sql, answering, settingsDeadline) };
}

function header(): string {
  return `${new Date().toISOString().slice(11, 19)} UTC`;
}

function absence({ prefix }: Shown): string {
  return `there is no cluster ${prefix} on this Docker engine; npm start makes one`;
}
