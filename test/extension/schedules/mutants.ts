/** A rule taken out: one place of a source changed, or a way round a rule that the model's role worker has on request. */
export interface Mutant {
  name: string;
  /** Of image/pgraft. */
  file?: string;
  from?: string;
  to?: string;
  /** A macro that the model's sources look at. */
  define?: string;
  /** A schedule that gets stuck does not count: a record must be lost, or two histories be mixed. */
  mustLose?: boolean;
  /** The first seed that is tried: not far before one that is known to find it, so that the whole takes seconds. */
  seed: number;
}

const policy = 'core/policy.c';
const position = 'core/position.c';

export const mutants: readonly Mutant[] = [
  {
    name: 'R6: promoted without a majority',
    file: policy,
    from: 'return count > view->n_voters / 2;',
    to: 'return count > 0;',
    seed: 1,
  },
  {
    name: 'R6: promoted though somebody is ahead',
    file: policy,
    from: 'pgraft_position_compare(position_a, position_b) <= 0',
    to: 'position_a.term == position_a.term',
    seed: 1,
  },
  {
    name: 'S2: reports of older terms count',
    file: policy,
    from: 'return voter->report.term == view->current_term;',
    to: 'return view != NULL && voter->node_id != 0;',
    seed: 1,
  },
  { name: 'S2: reports without having stopped', define: 'MUTANT_NO_FREEZE', seed: 801 },
  {
    name: 'S1: the barrier is ignored',
    file: policy,
    from: 'return view->barrier_applied ? decide_leader(view) : decision(PGRAFT_WAIT, 0, 0);',
    to: 'return decide_leader(view);',
    seed: 401,
  },
  {
    name: 'R1: timelines are compared instead of terms',
    file: position,
    from: 'position->term = link->term;',
    to: 'position->term = link->timeline;',
    seed: 3851,
  },
  {
    name: 'R1: a link made by hand counts',
    file: position,
    from: 'return link->term != 0 && may_be_forgotten(state, link->term);',
    to: 'return true;',
    seed: 1,
  },
  {
    name: 'R1: who was promoted by hand is promoted again',
    file: policy,
    from: ' && !pgraft_report_by_hand(&voter->report, view->state)',
    to: '',
    seed: 1,
  },
  {
    name: 'R1: links agree by their numbers',
    file: position,
    from: 'return a->term == b->term && a->timeline',
    to: 'return a->timeline',
    seed: 1,
  },
  {
    name: 'R1: repeated timeline numbers are rewound',
    file: position,
    from: 'if (chain[i].timeline == primary[j].timeline)',
    to: 'if (i < 0)',
    seed: 1,
  },
  { name: 'R3: no witness', define: 'MUTANT_NO_WITNESS', mustLose: true, seed: 17101 },
  { name: 'R3: unflushed WAL is confirmed', define: 'MUTANT_CONFIRM_UNFLUSHED', seed: 1 },
  {
    name: 'R7: an old record is followed',
    file: policy,
    from: 'last == NULL || last->term != view->current_term || ',
    to: 'last == NULL || ',
    seed: 1,
  },
  {
    name: 'S7: WAL behind the fork is streamed onto',
    file: position,
    from: 'end_lsn <= primary[j].fork_lsn ?',
    to: 'end_lsn > 0 ?',
    seed: 1,
  },
  {
    name: 'R17: no fence',
    file: policy,
    from: 'if (!view->leader || view->current_term != view->promoting_term || view->lease_lost)',
    to: 'if (false)',
    seed: 1,
  },
  {
    name: 'R18: whoever is elected promotes while failover is paused',
    file: policy,
    from: 'if (view->state->failover_enabled || last->node_id == view->self)',
    to: 'if (true)',
    seed: 1,
  },
  { name: 'R4: who lost its data votes as it was', define: 'MUTANT_LOST_DATA_VOTES', mustLose: true, seed: 351 },
  { name: 'R4: who lost its Raft state votes as it was', define: 'MUTANT_LOST_RAFT_VOTES', mustLose: true, seed: 6601 },
  { name: 'R13: no WAL barrier', define: 'MUTANT_NO_WAL_BARRIER', mustLose: true, seed: 9451 },
];
