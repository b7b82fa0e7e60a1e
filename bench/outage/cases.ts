/** The faults, and how long nobody may be able to write after each. */
import type { Fault } from '../../test/faults/fault.js';
import { kill, pause, stop } from '../../test/faults/verbs/containers.js';
import { disconnect } from '../../test/faults/verbs/network.js';
import { killProcess } from '../../test/faults/verbs/processes.js';
import type { Limits } from '../kit.js';
import { conflictingReaders } from './readers.js';
import { others, type Site, type SiteServer } from './site.js';

export interface Case {
  /** For `--only`. */
  readonly name: string;
  readonly what: string;
  fault(site: Site, primary: SiteServer): Fault;
  /** What is there when the fault comes. @returns what ends it */
  readonly before?: (site: Site, primary: SiteServer) => Promise<() => void>;
  /** Milliseconds; it is healed then, or when a newer primary has acknowledged, whichever is later. */
  readonly lasts?: number;
  /** Seconds. */
  readonly limit: Limits;
  /** The primary stays. */
  readonly harmless?: boolean;
  /** The server is alive again without being healed: its way back begins with the fault. */
  readonly healsItself?: boolean;
  /** Only ours has it. */
  readonly ours?: boolean;
}

const noticed: Limits = { median: 0.2, p99: 0.8 };
const asked: Limits = { median: 0.15, p99: 0.4 };
const silent: Limits = { median: 2.2, p99: 3 };

export const cases: readonly Case[] = [
  { name: 'kill', what: 'docker kill of the primary', fault: (_, primary) => kill(primary), limit: noticed },
  {
    ...{ name: 'postmaster', what: "kill -9 of the primary's postmaster", limit: noticed },
    fault: (_, primary) => killProcess(primary, 'postmaster'),
    healsItself: true,
  },
  { name: 'stop', what: 'docker stop of the primary', fault: (_, primary) => stop(primary), limit: noticed },
  {
    ...{ name: 'switchover', what: 'switchover', limit: asked },
    fault: (site, primary) => request('switchover', async () => site.switchover(primary)),
    healsItself: true,
  },
  {
    ...{ name: 'transfer', what: 'pgraft_transfer_leadership()', limit: asked },
    fault: (_, primary) =>
      request('transfer', async () => {
        await primary.query('SELECT pgraft_transfer_leadership()');
      }),
    healsItself: true,
    ours: true,
  },
  {
    ...{ name: 'disconnect', what: 'docker network disconnect of the primary', limit: silent },
    fault: (site, primary) => disconnect(site, primary),
  },
  { name: 'pause', what: 'docker pause of the primary', fault: (_, primary) => pause(primary), limit: silent },
  {
    ...{ name: 'standby', what: 'docker kill of a standby for 2 s', limit: { median: 0.05, p99: 0.2 } },
    fault: (site, primary) => kill(...others(site, primary).slice(0, 1)),
    lasts: 2_000,
    harmless: true,
  },
  {
    ...{ name: 'readers', what: 'docker kill of the primary, readers in the way of replay', limit: noticed },
    before: conflictingReaders,
    fault: (_, primary) => kill(primary),
    ours: true,
  },
];

/** Of every case after which a server comes back: seconds until it streams. */
export const rejoinLimit: Limits = { median: 3 };

/** Nothing breaks: the server is told to hand over. */
function request(what: string, inject: () => Promise<void>): Fault {
  return { what, inject, heal: async () => Promise.resolve() };
}
