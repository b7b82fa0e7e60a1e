import { describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../scripts/kit/errors.js';
import type { SqlRow } from '../../../scripts/live/sql.js';
import { agreement, drill, partners } from '../../../scripts/steps/drill.js';
import { fakeLive } from './fake-cluster.js';
import { healthyView, silentReport, withNode } from './fakes.js';

const view = healthyView(3);
const [one, two, three] = view.nodes;
if (one === undefined || two === undefined || three === undefined) throw new Error('there are three');

const says = (leader: number) =>
  view.nodes.map(({ id, container }) => ({ id, container, leads: id === leader, leader }));

describe('partners', () => {
  it('are the primary and the voter that lags least', () => {
    expect(partners(view)).toMatchObject({ primary: { id: 1 }, target: { id: 2 } });
    const streams = [
      { name: 'replica1', state: 'streaming', syncState: 'quorum', flushLagBytes: 9, replayLagBytes: 9 },
      { name: 'replica2', state: 'streaming', syncState: 'quorum', flushLagBytes: 3, replayLagBytes: 3 },
    ];
    const { postgres } = one;
    if (!postgres.accepting) throw new Error('it accepts');
    expect(partners(withNode(view, 1, { postgres: { ...postgres, streams } })).target.id).toBe(3);
  });

  it('are no spares', () => {
    const members = view.members.map((member) => (member.id === 2 ? { ...member, voter: false } : member));
    expect(partners({ ...view, members }).target.id).toBe(3);
  });
});

describe('agreement', () => {
  it('is found when every server names the one that leads and serves', () => {
    expect(agreement(view, says(1), one)).toEqual({ done: true, value: true });
  });

  it('is missing while one server says otherwise', () => {
    const answers = says(1).map((answer) => (answer.id === 3 ? { ...answer, leader: 2 } : answer));
    expect(agreement(view, answers, one)).toMatchObject({
      seen: 'pgraft-replica2 says pgraft_get_leader() = 2, pgraft_is_leader() = false',
    });
  });

  it('is missing while two servers say that they lead', () => {
    const answers = says(1).map((answer) => (answer.id === 2 ? { ...answer, leads: true } : answer));
    expect(agreement(view, answers, one)).toMatchObject({ done: false });
  });

  it('is missing while the new leader does not accept writes', () => {
    expect(agreement(view, says(2), two)).toMatchObject({ seen: 'pgraft-replica1 does not accept writes yet' });
  });
});

describe('drill', () => {
  const live = (count: number, answer: (text: string) => SqlRow[] | undefined = () => undefined) =>
    fakeLive(count, answer);

  it('refuses one server, and hands nothing over', async () => {
    const { opened, asked } = live(1);
    await expect(drill(opened, silentReport())).rejects.toThrow('there is one server, and nobody to hand over to');
    expect(asked.join()).not.toContain('pgraft_transfer_leadership');
  });

  it('refuses a cluster that is not healthy, with the reason, and hands nothing over', async () => {
    const { opened, asked } = live(3, (text) => (text.includes('pg_stat_replication') ? [] : undefined));
    await expect(drill(opened, silentReport())).rejects.toThrow(
      /the cluster is not healthy, .*pgraft-replica1: does not stream from pgraft-primary/,
    );
    expect(asked.join()).not.toContain('pgraft_transfer_leadership');
  });

  it('fails when the other server does not take over', async () => {
    const { opened } = live(3, (text) => {
      if (text.includes('pgraft_transfer_leadership')) return [];
      return text.includes('pgraft_is_leader') ? [{ leads: false, leader: '1' }] : undefined;
    });
    await expect(drill(opened, silentReport())).rejects.toThrow(
      /waited .* for pgraft-replica1 to lead; last seen: .*pgraft_get_leader\(\) = 1/,
    );
  });

  it('that is interrupted says so, and leaves what was begun to itself', async () => {
    const controller = new AbortController();
    const { opened, asked } = fakeLive(3, (text) => {
      if (!text.includes('pgraft_transfer_leadership')) {
        return text.includes('pgraft_is_leader') ? [{ leads: false, leader: '1' }] : undefined;
      }
      controller.abort(new InterruptedError('SIGINT', 'interrupted'));
      return [];
    });
    const broken = drill(opened, silentReport(), controller.signal);
    await expect(broken).rejects.toMatchObject({ name: 'UserError', signal: 'SIGINT' });
    await expect(broken).rejects.toThrow(/^interrupted: leadership may have moved; .* npm run status shows how$/);
    expect(asked.join()).toContain('pgraft_transfer_leadership');
  });
});
