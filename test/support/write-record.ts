/** What clients noted about their writes, and what may be concluded from it. Pure. */

/** One row that a client has sent. Times in milliseconds on one clock that never jumps. */
export interface Write {
  readonly id: number;
  readonly client: number;
  readonly sent: number;
  /** When the driver had ReadyForQuery after the commit; undefined while, and when, it had not. */
  acknowledged?: number;
  /** The server that took it, and the newest promotion that this server knew when it did. */
  server?: number;
  promotion?: number;
  /** When that server was started, by its own clock. */
  started?: number;
}

/** A write that was acknowledged. */
export type Acknowledged = Write & Required<Pick<Write, 'acknowledged' | 'server' | 'promotion' | 'started'>>;

/** Ids from `first` to `last`, present in `rows` rows. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly rows: number;
}

/** The ids of table `writes` as ranges without a gap; 12 rows for ids 1 to 10 are two too many. */
export const rangesQuery = `
  SELECT min(id)::float8 AS first, max(id)::float8 AS last, count(*)::float8 AS rows
  FROM (SELECT id, id - dense_rank() OVER (ORDER BY id) AS island FROM writes) AS numbered
  GROUP BY island ORDER BY 1`;

export interface Stale {
  readonly write: Acknowledged;
  /** Acknowledged under a newer promotion before `write` was sent. */
  readonly newer: Acknowledged;
}

export function isAcknowledged(write: Write): write is Acknowledged {
  return write.acknowledged !== undefined;
}

/** Acknowledged writes that are in no range. */
export function findLost(acknowledged: readonly Acknowledged[], present: readonly Range[]): Acknowledged[] {
  const ranges = [...present].sort((a, b) => a.first - b.first);
  let next = 0;
  return [...acknowledged]
    .sort((a, b) => a.id - b.id)
    .filter(({ id }) => {
      while (next < ranges.length && (ranges[next]?.last ?? id) < id) next += 1;
      return (ranges[next]?.first ?? Infinity) > id;
    });
}

/** Ranges that hold an id more than once. */
export function findDuplicated(present: readonly Range[]): Range[] {
  return present.filter(({ first, last, rows }) => rows !== last - first + 1);
}

/** Ids that nobody sent. @param sent ids from 1 to this one were sent */
export function findInvented(present: readonly Range[], sent: number): Range[] {
  return present.filter(({ first, last }) => first < 1 || last > sent);
}

/** Acknowledgements under an older promotion of writes sent after one under a newer promotion was acknowledged. */
export function findStale(acknowledged: readonly Acknowledged[]): Stale[] {
  const bySent = [...acknowledged].sort((a, b) => a.sent - b.sent);
  const byAcknowledged = [...acknowledged].sort((a, b) => a.acknowledged - b.acknowledged);
  let next = 0;
  let newest: Acknowledged | undefined;
  const stale: Stale[] = [];
  for (const write of bySent) {
    for (; (byAcknowledged[next]?.acknowledged ?? Infinity) < write.sent; next += 1) {
      const done = byAcknowledged[next];
      if (done !== undefined && done.promotion > (newest?.promotion ?? -1)) newest = done;
    }
    if (newest !== undefined && newest.promotion > write.promotion) stale.push({ write, newer: newest });
  }
  return stale;
}

/** The longest time without an acknowledgement between `from` and `until`, which were acknowledged before and after. */
export function longestGap(acknowledged: readonly Acknowledged[], from: number, until: number): number {
  const times = acknowledged.map((write) => write.acknowledged).sort((a, b) => a - b);
  let longest = 0;
  for (const [index, time] of times.entries()) {
    const before = times[index - 1];
    if (before !== undefined && time > from && before < until) longest = Math.max(longest, time - before);
  }
  return longest;
}
