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

function plan(servers: Surveyed[], given?: number, more: Partial<Survey> = {}) {
  const ids = servers.map(({ id }) => id);
  const survey: Survey = { voters: ids, members: ids, leader: undefined, gaveTime: false, servers, ...more };
  return planRecovery(
    survey,
    servers.find(({ id }) => id === given),
  );
}

const reason = (decided: ReturnType<typeof plan>) =>
  decided.kind === 'stop' ? decided.reason : `no stop but ${decided.chosen.name}`;

/** Data that was rewound or cloned, and what was there before. */
const unfinished = (lsn: string): Partial<Position> => ({
  data: 'incomplete',
  lsn,
  witness: { term: 5, lsn: '0/9000000' },
});

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

  it.each<[string, Surveyed[], Survey['leader'], string]>([
    ['a server leads', [server(1, member), server(2, lost)], { id: 1, writable: true }, 'pgraft-primary leads'],
    ['one that is gone leads', [server(1, member), server(2, lost)], { id: 3, writable: true }, 'node 3 leads'],
    ['one leads that does not serve yet', [server(1, member)], { id: 1, writable: false }, 'pgraft-primary leads'],
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

  describe('where the chosen server leads already', () => {
    const alone: Partial<Survey> = { voters: [1], members: [1], leader: { id: 1, writable: true } };
    const servers = [server(1, member), server(2, lost), server(3, {}, { data: 'none' })];

    it('adds those that wait, and that its group does not know', () => {
      expect(plan(servers, 1, alone)).toMatchObject({
        kind: 'add',
        chosen: { id: 1 },
        others: [{ id: 2 }, { id: 3 }],
      });
      expect(plan(servers, 1, { ...alone, members: [1, 3] })).toMatchObject({ kind: 'add', others: [{ id: 2 }] });
    });

    it.each([[undefined], [2]])('says so when it is not named, and changes nothing (%s)', (given) => {
      expect(reason(plan(servers, given, alone))).toBe(
        'pgraft-primary leads, and pgraft-replica1, pgraft-replica2 wait to be added to its group; nothing was changed. ' +
          'To add: npm run recover -- primary',
      );
    });

    it('leaves alone who was removed or added on purpose, or is down', () => {
      const rest = [server(1, member), server(2, member), server(3, 'exited')];
      expect(reason(plan(rest, 1, alone))).toContain('is mended by itself');
    });
  });

  describe('where the only voter leads and never serves', () => {
    const stuck: Partial<Survey> = {
      voters: [1],
      members: [1],
      leader: { id: 1, writable: false },
      gaveTime: true,
    };
    const servers = [server(1, member, { lsn: '0/5000000' }), server(2, lost, { lsn: '0/4000000' }), server(3, lost)];

    it('may go on from the next newest data, when the one that leads has forgotten its group', () => {
      expect(plan(servers, 2, stuck)).toMatchObject({
        kind: 'recover',
        chosen: { id: 2 },
        others: [{ id: 1 }, { id: 3 }],
        stuck: { id: 1 },
      });
    });

    it('is waited for when it is named itself, and the others are added to it', () => {
      expect(plan(servers, 1, stuck)).toMatchObject({ kind: 'add', chosen: { id: 1 }, others: [{ id: 2 }, { id: 3 }] });
      expect(reason(plan([server(1, member)], 1, stuck))).toContain('pgraft-primary leads alone, and does not become');
    });

    it('names both, and takes no other', () => {
      const both =
        'primary leads a group of its own and does not become its primary: the next newest data is that of replica1';
      expect(reason(plan(servers, undefined, stuck))).toContain(both);
      expect(reason(plan(servers, 3, stuck))).toContain(both);
    });
  });

  describe('R3: data that was rewound or cloned, and is not complete', () => {
    const newer = server(2, lost, unfinished('0/8000000'));

    it('comes after whole data, however far it goes, and is told of', () => {
      const servers = [server(1, lost), newer];
      expect(plan(servers, 1).kind).toBe('recover');
      expect(reason(plan(servers, 2))).toMatch(
        /^the data of replica1 was rewound or cloned, .* primary has whole data: say/,
      );
      expect(reason(plan(servers))).toContain(
        'replica1 (before it was rewound or cloned it had data up to 0/9000000 after the promotion of term 5)',
      );
    });

    it('is gone on from where nobody has whole data, which is said', () => {
      const servers = [server(1, lost, { data: 'doubtful', lsn: '' }), newer, server(3, lost, unfinished('0/7000000'))];
      expect(plan(servers, 2).kind).toBe('recover');
      expect(reason(plan(servers, 3))).toContain('replica1 has');
      expect(reason(plan(servers))).toContain('No server has whole data. The newest data is that of replica1');
    });

    it('does not keep its server from voting: a majority with it may come back by itself', () => {
      const servers = [server(1, member), server(2, member, unfinished('0/1')), server(3, lost)];
      expect(reason(plan(servers, 1))).toContain('a majority of 3');
    });
  });

  it('stops where a container is gone and its volume is there: it may have the newest data', () => {
    const bare = { ...server(2, 'missing'), volume: 'pgraft-replica1-data' };
    expect(reason(plan([server(1, member), bare, server(3, 'missing')], 1))).toBe(
      'the container of pgraft-replica1 is gone, its volume is not, and may have the newest data: npm start makes the container anew; ' +
        'if that data may go: docker volume rm pgraft-replica1-data',
    );
  });

  it('says how a container that cannot be started is made anew around its data', () => {
    expect(reason(plan([server(1, lost), server(2, 'exited')], 1))).toContain('docker rm pgraft-replica1 && npm start');
  });

  it('does not wait for a server whose container and volume are gone', () => {
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
      server(6, lost, unfinished('2/0')),
    ];
    expect(describeSurvey({ voters: [], members: [], leader: undefined, gaveTime: false, servers })).toEqual([
      'pgraft-primary  : data up to 1/0 after the promotion of term 3, Raft state lost (newest)',
      'pgraft-replica1 : data that must not be started, Raft state whole',
      'pgraft-replica2 : no data',
      'pgraft-replica3 : exited',
      'pgraft-replica4 : does not say how far its data goes',
      'pgraft-replica5 : data up to 2/0 after the promotion of term 1, not complete yet (before it was rewound or cloned it had data up to ' +
        '0/9000000 after the promotion of term 5), Raft state lost',
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

  it('reads what a witness had', () => {
    expect(
      readPosition('data=incomplete\nterm=3\nlsn=0/3000148\nwitness_term=5\nwitness_lsn=0/9000000\nraft_term=7\n'),
    ).toMatchObject({ data: 'incomplete', witness: { term: 5, lsn: '0/9000000' } });
  });

  it('knows nothing from anything else', () => {
    expect(readPosition('pgraft-node: unknown command')).toBeUndefined();
  });
});
