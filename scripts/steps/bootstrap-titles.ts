/** Titles of the steps of a bootstrap by which others follow it. Pure. */
export const bootstrapTitles = {
  /** The first server has data. */
  first: (container: string) => `${container} has data and accepts connections`,
  /** All others have a copy of it. */
  others: 'the other servers have a copy and accept connections',
  leader: 'the Raft group has a leader',
} as const;
