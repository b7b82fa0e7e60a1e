import { describe, expect, it } from 'vitest';
import type { NodeState } from '../../../scripts/live/node-state.js';
import {
  describeSurvey,
  planRecovery,
  type Position,
  type Survey,
  type Surveyed,
} from '../../../scripts/steps/recover-plan.js';
import { readPosition } from '../../../scripts/steps/survey.js';
import { container, state } from './fakes.js';

const member: Partial<NodeState> = { data: 'present', raft: 'present', formation: 'consumed', configured: 'yes' };
const lost: Partial<NodeState> = { ...member, raft: 'none', lost: 'yes' };

function server(id: number, its: Partial<NodeState> | string, where: Partial<Position> = {}): Surveyed {
  const { name, container: full } = container(id);
  const found =
    typeof its === 'string'
      ? undefined
      : { state: state(its), position: { data: 'whole' as const, term: 1, lsn: '0/3000000', raftTerm: 1, ...where } };
  return { id, name, container: full, status: typeof its === 'string' ? its : 'running', found };
}

function plan(servers: Surveyed[], given?: number, { leader, gaveTime = false }: Partial<Survey> = {}) {
  const survey = { voters: servers.map(({ id }) => id), leader, gaveTime, servers };
  return planRecovery(
    survey,
    servers.find(({ id }) => id === given),
  );
}

const reason = (decided: ReturnType<typeof plan>) =>
  decided.kind === 'stop' ? decided.reason : `no stop but ${decided.chosen.name}`;

describe('planRecovery', () => {
  it('goes on from the one server of a cluster of one', () => {
    expect(plan([server(1, lost, { raftTerm: 4 })], 1)).toMatchObject({ kind: 'recover', others: [], term: 4 });
  });

  it('goes on from the survivor of three, in a term above all that any server knows', () => {
    const servers = [
      server(1, member, { raftTerm: 5 }),
      server(2, lost, { raftTerm: 7 }),
      server(3, {}, { data: 'none' }),
    ];
    expect(plan(servers, 1)).toMatchObject({
      kind: 'recover',
      chosen: { id: 1 },
      others: [{ id: 2 }, { id: 3 }],
      term: 7,
    });
  });

  it('R1: compares by the term of the promotion first, then by LSN as a number', () => {
    const older = server(1, lost, { term: 2, lsn: 'FF/0' });
    const newer = server(2, lost, { term: 3, lsn: '1/0' });
    const newest = server(3, lost, { term: 3, lsn: '10/0' });
    const given = (id: number) => reason(plan([older, newer, newest], id));
    expect(given(1)).toMatch(/^primary has not the newest data, replica2 has: .*npm run recover -- replica2$/);
    expect(given(2)).toContain('replica2 has');
    expect(given(3)).toBe('no stop but replica2');
  });

  it('takes either of two that are equal', () => {
    const servers = [server(1, lost), server(2, lost, { term: 0 }), server(3, lost)];
    expect(plan(servers, 1).kind).toBe('recover');
    expect(plan(servers, 3).kind).toBe('recover');
  });

  it('says which it is when none is named, and changes nothing', () => {
    expect(reason(plan([server(1, lost), server(2, lost, { lsn: '0/4000000' })]))).toMatch(
      /^nothing was changed. The newest data is that of replica1; .*npm run recover -- replica1$/,
    );
  });

  it.each<[string, Surveyed[], string | undefined, string]>([
    ['a server leads', [server(1, member), server(2, lost)], 'pgraft-primary', 'pgraft-primary leads'],
    ['a majority is whole', [server(1, member), server(2, member), server(3, lost)], undefined, 'a majority of 3'],
    ['a server is stopped', [server(1, lost), server(2, 'exited')], undefined, 'pgraft-replica1 is down'],
    ['two are stopped', [server(1, 'exited'), server(2, 'paused')], undefined, 'are down'],
    ['a server does not answer', [server(1, lost), server(2, 'running')], undefined, 'cannot be asked'],
    ['no data can be used', [server(1, lost, { data: 'doubtful' })], undefined, 'no server has whole data'],
  ])('refuses while %s', (_, servers, leader, cause) => {
    expect(reason(plan(servers, 1, { leader }))).toContain(cause);
  });

  it('goes on when a whole majority was given time and elected nobody', () => {
    const servers = [server(1, member), server(2, member), server(3, lost)];
    expect(plan(servers, 1, { gaveTime: true }).kind).toBe('recover');
  });

  it('does not wait for a server whose container is gone', () => {
    expect(plan([server(1, member), server(2, 'missing'), server(3, 'missing')], 1)).toMatchObject({
      kind: 'recover',
      others: [],
    });
  });
});

describe('describeSurvey', () => {
  it('has a line for each server', () => {
    const servers = [
      server(1, lost, { term: 3, lsn: '1/0' }),
      server(2, member, { data: 'doubtful' }),
      server(3, {}, { data: 'none' }),
      server(4, 'exited'),
      server(5, 'running'),
    ];
    expect(describeSurvey({ voters: [], leader: undefined, gaveTime: false, servers })).toEqual([
      'pgraft-primary  : data up to 1/0 after the promotion of term 3, Raft state lost (newest)',
      'pgraft-replica1 : data that must not be started, Raft state whole',
      'pgraft-replica2 : no data',
      'pgraft-replica3 : exited',
      'pgraft-replica4 : does not say how far its data goes',
    ]);
  });
});

describe('readPosition', () => {
  it('reads what pgraft-node prints', () => {
    expect(readPosition('data=whole\nterm=3\nlsn=0/3000148\nraft_term=7\n')).toEqual({
      data: 'whole',
      term: 3,
      lsn: '0/3000148',
      raftTerm: 7,
    });
  });

  it('knows nothing from anything else', () => {
    expect(readPosition('pgraft-node: unknown command')).toBeUndefined();
  });
});
