/** A plan and what is known of the running cluster, judged. Pure. */
import { majority, synchronousCount, toleratedFailures } from '../../constructs/quorum.js';
import type { Cause } from './causes.js';
import { caresOf } from './cares.js';
import type { NodeChange } from './changes.js';
import { dangersOf } from './dangers.js';
import { dataOf, type DataReview } from './data.js';
import { headline } from './headline.js';
import { procedureOf, type Procedure } from './procedure.js';
import { factsOf, type Facts, type Finding, type ReviewInput } from './situation.js';

export type Level = 'none' | 'safe' | 'careful' | 'dangerous';

export interface Group {
  readonly servers: number;
  readonly majority: number;
  /** Servers that may fail while writes go on. */
  readonly mayFail: number;
  /** Standbys that confirm each commit. */
  readonly confirming: number;
}

/** What `--json` prints. */
export interface Review {
  readonly cluster: string;
  readonly level: Level;
  readonly verdict: string;
  readonly dangers: readonly string[];
  readonly cares: readonly string[];
  /** What is so already, and no matter of the plan. */
  readonly remarks: readonly string[];
  readonly quorum: { readonly before: Group | null; readonly up: number | null; readonly after: Group | null };
  readonly data: DataReview;
  readonly procedure: Procedure;
  readonly addresses: { readonly from: string; readonly to: string } | null;
  readonly nodes: readonly NodeChange[];
  readonly reloads: readonly Cause[];
  /** What could not be found out. */
  readonly unknown: readonly string[];
}

export function review(input: ReviewInput): Review {
  const { prefix, changes, remarks } = input;
  const facts = factsOf(input);
  const procedure = procedureOf(changes, facts);
  const data = dataOf(changes);
  const dangers = dangersOf(input, facts);
  const cares = changes.any ? caresOf(input, facts, procedure) : [];
  const ending = [...dangers, ...cares].find((finding) => finding.ending !== undefined)?.ending;
  const level = levelOf(changes.any, dangers, cares);
  return {
    cluster: prefix,
    level,
    verdict: headline({ input, facts, data, procedure, level, ending }),
    dangers: dangers.map(({ text }) => text),
    cares: cares.map(({ text }) => text),
    remarks: [...remarks, ...(changes.any ? [] : idleRemarks(facts))],
    quorum: { before: groupOf(facts.voters.length), up: facts.up ?? null, after: groupOf(changes.declared.length) },
    data,
    procedure,
    addresses: changes.addresses ?? null,
    nodes: changes.nodes,
    reloads: changes.reloads,
    unknown: unknownOf(input),
  };
}

/** 0 no change, 2 changes, 3 dangerous ones. */
export function exitStatusOf(level: Level): number {
  return { none: 0, safe: 2, careful: 2, dangerous: 3 }[level];
}

function levelOf(any: boolean, dangers: readonly Finding[], cares: readonly Finding[]): Level {
  if (dangers.length > 0) return 'dangerous';
  if (cares.length > 0) return 'careful';
  return any ? 'safe' : 'none';
}

function groupOf(servers: number): Group | null {
  if (servers === 0) return null;
  return {
    servers,
    majority: majority(servers),
    mayFail: toleratedFailures(servers),
    confirming: synchronousCount(servers),
  };
}

/** A deploy that has nothing to do does not mend these. */
function idleRemarks({ stopped, problems }: Facts): string[] {
  if (stopped) return ['The cluster is stopped. A deploy does not start it; npm start does.'];
  return problems.length === 0
    ? []
    : [`The cluster is not healthy, and a deploy changes nothing about that: ${problems.join('; ')}.`];
}

function unknownOf({ situation, changes }: ReviewInput): string[] {
  if (situation.kind !== 'unknown') return [];
  const what =
    changes.deployed.length === 0
      ? 'whether anything of the cluster exists, and whether its ports and names are free'
      : 'which servers are up, who leads, how far each standby is, and whether what was deployed is still there';
  return [`The running cluster could not be read (${situation.problem}). So it is not known ${what}.`];
}
