/** Majorities: who must agree, who must confirm, and what it means when servers are down. Pure arithmetic. */

/** Voters that must agree of `voters`: more than half. */
export function majority(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/** Standbys that must confirm a commit, so that it is on a majority: k of `ANY k (…)`. */
export function synchronousCount(voters: number): number {
  return Math.floor(voters / 2);
}

/** Servers that may be down while the rest still elects and commits. */
export function toleratedFailures(voters: number): number {
  return voters - majority(voters);
}

/** What a cluster of some voters can do with those that are up. */
export interface QuorumState {
  readonly voters: number;
  readonly up: number;
  /** A leader can be elected and a write can be acknowledged. */
  readonly writable: boolean;
  /** More servers that may fail before writes stop; 0 when none, or when they stopped already. */
  readonly spare: number;
  /** One sentence for people. */
  readonly meaning: string;
}

/**
 * What it means that the servers `down` of `voters` are down.
 *
 * @param voters ids of all voters
 * @param down ids of those that are down; ids of non-voters do not count
 */
export function quorumState(voters: readonly number[], down: Iterable<number>): QuorumState {
  const all = new Set(voters);
  const missing = new Set([...down].filter((id) => all.has(id)));
  const up = all.size - missing.size;
  const needed = majority(all.size);
  const writable = all.size > 0 && up >= needed;
  const spare = writable ? up - needed : 0;
  return { voters: all.size, up, writable, spare, meaning: meaning({ up, voters: all.size, needed, writable, spare }) };
}

function meaning(state: { up: number; voters: number; needed: number; writable: boolean; spare: number }): string {
  const { up, voters, needed, writable, spare } = state;
  const count = `${up} of ${voters} ${voters === 1 ? 'server' : 'servers'} up`;
  if (!writable) return `${count}: no majority (${needed}), writes wait until ${needed - up} more come back`;
  if (spare === 0) return `${count}: a majority, but no further server may fail`;
  return `${count}: a majority, and ${spare} more may fail`;
}
