/** The steps of a failover, and the line of a server's log by which each is known. Pure. */

export type Actor = 'docker' | 'client' | 'new primary' | 'other standby';

/** What the lines of one failover have in common. */
export interface Election {
  readonly term: number;
  /** Of the new primary. */
  readonly node: number;
  /** Its new timeline, as its log says. */
  readonly timeline: number | undefined;
}

export interface Step {
  readonly what: string;
  readonly by: readonly Actor[];
  line(election: Election): RegExp;
}

const survivors: readonly Actor[] = ['new primary', 'other standby'];
const winner: readonly Actor[] = ['new primary'];
const other: readonly Actor[] = ['other standby'];

/** In the order in which they must come; those of one server and the next may change places. */
export const steps: readonly Step[] = [
  step('sees its WAL stream closed', survivors, () => 'could not receive data from WAL stream'),
  step('sees its link to the leader closed', survivors, () => 'pgraft: the link to the leader, node \\d+, was closed'),
  step('takes the leader for dead', survivors, () => 'pgraft: node \\d+, the leader, is taken for dead'),
  step('asks for pre-votes', survivors, ({ term }) => `for their pre-vote, in term ${term - 1}$`),
  step('stands for election: the new term', winner, ({ term }) => `stands for election, in term ${term}$`),
  step('votes', other, ({ term, node }) => `this server votes for node ${node}, in term ${term}$`),
  step('leads', winner, ({ term, node }) => `pgraft: node ${node} leads, in term ${term}$`),
  step('begins to freeze', survivors, ({ term }) => `this server freezes, node \\d+, in term ${term}$`),
  step('is frozen', survivors, ({ term }) => `frozen for term ${term}, WAL ends at`),
  step('has a report', winner, ({ term }) => `node \\d+ has reported for term ${term},`),
  step('proposes its intent', winner, ({ term }) => `commits its intent to promote, node \\d+, in term ${term}$`),
  step('has its intent committed', winner, ({ term }) => `this server promotes, node \\d+, in term ${term}$`),
  step('begins to promote', winner, () => 'received promote request'),
  step('chooses its timeline', winner, () => 'selected new timeline ID: \\d+'),
  step('has left recovery', winner, () => 'archive recovery complete'),
  step('is promoted', winner, ({ term }) => `commits the record of its promotion, node \\d+, in term ${term}$`),
  step('has its record committed', winner, ({ term }) => `this server is the primary, node \\d+, in term ${term}$`),
  step(
    'has its synchronous setting in force, accepts commits',
    winner,
    ({ term }) => `accepted, promotion of term ${term},`,
  ),
  step('learns of the record', other, ({ term, node }) => `this server follows node ${node}, in term ${term}$`),
  step('has its new primary_conninfo', other, () => 'parameter "primary_conninfo" changed to "host='),
  step('streams the old timeline', other, () => 'started streaming WAL from primary at'),
  // the statement is logged with "is now a candidate for quorum synchronous standby"
  step('has its first standby', winner, ({ timeline }) => `START_REPLICATION .*TIMELINE ${timeline ?? 'unknown'}$`),
];

function step(what: string, by: readonly Actor[], text: (election: Election) => string): Step {
  return { what, by, line: (election) => new RegExp(text(election)) };
}
