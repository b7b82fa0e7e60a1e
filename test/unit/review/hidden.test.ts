import { describe, expect, it } from 'vitest';
import { causesOf } from '../../../scripts/review/causes.js';
import { changesOf } from '../../../scripts/review/changes.js';
import { shownValue, withoutCredentials, withoutSecrets } from '../../../scripts/review/hidden.js';
import { reviewMarkdown } from '../../../scripts/review/markdown.js';
import { review } from '../../../scripts/review/review.js';
import { readPlan } from '../../../scripts/review/terraform-plan.js';
import { healthyView } from '../scripts/fakes.js';
import { deployed, plansOf } from './worlds.js';

describe('secrets in a review', () => {
  it.each([
    [
      'the password of an address',
      'psql postgresql://app:hunter2@db:5432/app',
      'psql postgresql://app:(hidden)@db:5432/app',
    ],
    ['a setting as in postgresql.conf', "app.api_key = 'hunter2'", 'app.api_key = (hidden)'],
    ['a quote within', "app.token = 'hun''ter2' # x", 'app.token = (hidden) # x'],
    [
      'a variable of a command',
      'AWS_SECRET_ACCESS_KEY=hunter2 wal-g push',
      'AWS_SECRET_ACCESS_KEY=(hidden) wal-g push',
    ],
    ['JSON', '{"password": "hun\\"ter2"}', '{"password": (hidden)}'],
  ])('hide %s', (_, text, shown) => {
    expect(withoutCredentials(text)).toBe(shown);
  });

  it.each(["shared_buffers = '32MB'", 'postgresql://app@127.0.0.1:5432/app', 'work_mem = 4MB'])(
    'leave %s as it is',
    (text) => {
      expect(withoutCredentials(text)).toBe(text);
    },
  );

  it('hide the whole value of a setting whose name says that it is one', () => {
    expect(shownValue('app.secret', 'hunter2 and more')).toBe('(hidden)');
    expect(shownValue('work_mem', '4MB')).toBe('4MB');
  });

  it('hide what is known to be one, wherever it stands', () => {
    expect(withoutSecrets('a hunter2 b hunter2', ['hunter2', ''])).toBe('a (hidden) b (hidden)');
  });

  it('are in no cause and in no comment', () => {
    const postgresSettings = {
      'app.api_key': 'hunter2',
      archive_command: 'curl -u x https://u:hunter3@h',
      max_connections: '50',
    };
    const plans = plansOf(deployed, { ...deployed, postgresSettings });
    const plan = readPlan(plans.cluster);
    const changes = changesOf('pgraft', readPlan(plans.image), plan);
    const text = reviewMarkdown(
      review({
        prefix: 'pgraft',
        shrinkBelowMajority: false,
        firstUnfinished: false,
        changes,
        situation: { kind: 'live', view: healthyView(3) },
        others: [],
        obstacles: [],
        remarks: [],
      }),
      [{ stack: 'cluster', text: withoutCredentials(plans.cluster) }],
    );
    expect(text).toContain('postgresSettings.app.api_key');
    expect(text).not.toMatch(/hunter[23]/);
  });
});

describe('causesOf', () => {
  const change = (before: Record<string, unknown>, after: Record<string, unknown>) =>
    causesOf({ address: 'docker_container.primary', action: 'replace', before, after, unknown: {}, reason: undefined });

  it('takes the same in another order for the same', () => {
    expect(change({ env: ['A=1', 'B=2'] }, { env: ['B=2', 'A=1'] })).toEqual([]);
    expect(change({ dns: null }, { dns: [] })).toEqual([]);
  });

  it('says each setting once, however many attributes follow from it', () => {
    const at = (port: number) => ({
      env: [`PGRAFT_LISTEN_ADDRESS=0.0.0.0:${port}`, `PGRAFT_ADVERTISE_ADDRESS=pgraft-primary:${port}`],
      ports: [
        { internal: 5432, external: 5432, ip: '127.0.0.1' },
        { internal: port, external: port, ip: '127.0.0.1' },
      ],
    });
    expect(change(at(7001), at(7101))).toEqual([{ setting: 'raftPort', from: '7001', to: '7101' }]);
  });

  it('names the attribute where no setting is behind it', () => {
    expect(change({ stop_timeout: 60 }, { stop_timeout: 30 })).toEqual([{ setting: 'constructs/ (stop_timeout)' }]);
  });

  it('keeps quotes and backslashes of a PostgreSQL setting', () => {
    const env = (value: string) => ({ env: [`PGRAFT_POSTGRES_SETTINGS=log_line_prefix = '${value}'`] });
    expect(change(env('a'), env("it''s"))).toEqual([
      { setting: 'postgresSettings.log_line_prefix', from: 'a', to: "it's" },
    ]);
  });
});
