/** What the outages are measured on: a cluster that serves a write load and can be broken, ours or one that it is compared with. */
import type pg from 'pg';
import type { Endpoint } from '../../scripts/live/docker.js';
import type { Victim } from '../../test/faults/fault.js';
import type { Login } from '../../test/support/primary-connection.js';
import type { WriteLoad } from '../../test/support/write-load.js';
import type { Stale } from '../../test/support/write-record.js';

export interface SiteServer extends Victim {
  readonly endpoint: Endpoint;
  /** One statement, as superuser unless told otherwise. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[], login?: Login): Promise<Row[]>;
}

export interface Damage {
  /** A sentence for each acknowledged row that a server does not have. */
  readonly lost: readonly string[];
  /** One for each row acknowledged under an older promotion than another before it was sent. */
  readonly stale: readonly string[];
}

export interface Site {
  /** Before the name of each row, where several clusters are compared. */
  readonly label?: string | undefined;
  readonly network: string;
  readonly servers: readonly SiteServer[];
  readonly load: WriteLoad;
  /** Milliseconds within which everything is well again after any fault. */
  readonly deadline: number;
  primary(): Promise<SiteServer>;
  /** Wait until one server accepts writes and all others stream from it. */
  streaming(): Promise<void>;
  /** Wait until it can bear the next fault, too. */
  whole(): Promise<void>;
  /** As an operator does it: another server becomes the primary, and this one a standby. */
  switchover(primary: SiteServer): Promise<void>;
  /** Wait until every server has everything, and look what is missing. */
  damage(): Promise<Damage>;
  remove(): Promise<void>;
}

export function staleSentence({ write, newer }: Stale): string {
  const older = `row ${write.id} acknowledged by server ${write.server} under promotion ${write.promotion}`;
  return `${older}, sent after row ${newer.id} by server ${newer.server} under ${newer.promotion}`;
}

export function others({ servers }: Site, than: SiteServer): SiteServer[] {
  return servers.filter((server) => server !== than);
}

export const clients = 4;
/** Below what the servers themselves need to notice silence, so that it is their time that is measured. */
export const patience = { connect: 1_000, statement: 1_000 };
