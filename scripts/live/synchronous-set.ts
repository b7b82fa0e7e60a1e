/** Who must confirm a commit: the primary's synchronous_standby_names, read. Pure. */
import { nameOfApplication } from './read-node.js';
import { primaryOf, type ClusterView } from './view.js';

export interface SynchronousSet {
  /** How many of `standbys` must confirm; 0 when a commit waits for nobody. */
  readonly needed: number;
  /** Names of nodes. */
  readonly standbys: readonly string[];
  /** Every process that applies the setting has it, as the extension tells. */
  readonly inForce: boolean;
}

/** What counts now; undefined while no server accepts writes. */
export function synchronousSetOf(view: ClusterView): SynchronousSet | undefined {
  const primary = primaryOf(view);
  if (primary?.postgres.accepting !== true || !primary.raft.available) return undefined;
  return { ...readSynchronousNames(primary.postgres.synchronousNames), inForce: primary.raft.synchronousInForce };
}

/** `ANY 1 ("replica1_0a1b2c3d", "replica2_4e5f6a7b")`, as the extension writes it. A bare list waits for its first. */
export function readSynchronousNames(setting: string): Omit<SynchronousSet, 'inForce'> {
  const counted = /^\s*(?:any|first)?\s*(\d+)\s*\((.*)\)\s*$/is.exec(setting);
  const list = counted?.[2] ?? setting;
  const standbys = [...list.matchAll(/"([^"]*)"|([^\s,"]+)/g)].map(([, quoted, bare]) => nameOf(quoted ?? bare ?? ''));
  return { needed: standbys.length === 0 ? 0 : Number(counted?.[1] ?? 1), standbys };
}

/** `any 1 of replica1, replica2 (in force)`. */
export function synchronousSentence(view: ClusterView): string {
  const set = synchronousSetOf(view);
  if (set === undefined) return 'nobody, since no server accepts writes';
  const { needed, standbys, inForce } = set;
  const who = needed === 0 ? 'no other server' : `any ${needed} of ${standbys.join(', ')}`;
  return `${who} (${inForce ? 'in force' : 'not in force yet'})`;
}

/** A voter that has not said its name yet stands in the setting as `<id>_unknown`, which no standby satisfies. */
function nameOf(application: string): string {
  const unknown = /^(\d+)_unknown$/.exec(application)?.[1];
  return unknown === undefined ? nameOfApplication(application) : `node ${unknown} (not heard of yet)`;
}
