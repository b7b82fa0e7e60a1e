import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../../scripts/live/health.js';
import { paintFor, plain } from '../../../scripts/live/paint.js';
import { remarksOf } from '../../../scripts/live/remarks.js';
import { compareSettings, readSettingDifferences } from '../../../scripts/live/setting-differences.js';
import { downSince, sincePhrase } from '../../../scripts/live/since.js';
import type { Sql } from '../../../scripts/live/sql.js';
import { statusJson, statusPage } from '../../../scripts/live/status-page.js';
import type { ClusterView, NodeView } from '../../../scripts/live/view.js';
import { healthyView, withNode } from './fakes.js';

const silent = { accepting: false, problem: 'connect ECONNREFUSED' } as const;
const noRaft = { available: false, problem: 'connect ECONNREFUSED' } as const;

/** The healthy view, taken at 03:04:06, with node 3 in another state of Docker. */
function down(status: string, since: string | undefined): ClusterView {
  const docker = { status, health: undefined, since, onNetwork: true };
  return withNode(healthyView(3), 3, { docker, postgres: silent, raft: noRaft });
}

function third(view: ClusterView): NodeView {
  const node = view.nodes[2];
  if (node === undefined) throw new Error('the view has three servers');
  return node;
}

/** Node 3 was last heard of so many milliseconds ago. */
function unheard(view: ClusterView, lastHeartbeatMs: number | undefined): ClusterView {
  const members = view.members.map((member) =>
    member.id === 3 ? { ...member, state: 'unreachable', lastHeartbeatMs } : member,
  );
  return { ...view, members };
}

describe('since when a server is down', () => {
  it('is what Docker says of a container that ended', () => {
    const view = down('exited', '2026-01-02T03:02:01.5Z');
    expect(downSince(view, third(view))).toBe('2026-01-02T03:02:01.5Z');
    expect(problemsOf(view)).toEqual([
      'pgraft-replica2: the container is exited since 03:02:01 UTC (2m 4s); docker start pgraft-replica2 brings it back',
    ]);
  });

  it('is when the group last heard of a server that is silent', () => {
    const view = unheard(down('paused', 'before that'), 4_000);
    expect(downSince(view, third(view))).toBe('2026-01-02T03:04:02.000Z');
    expect(problemsOf(view)).toEqual([
      'pgraft-replica2: the container is paused since 03:04:02 UTC (4s); docker unpause pgraft-replica2 brings it back',
    ]);
  });

  it('is with its date when it is more than a day ago', () => {
    const view = down('exited', '2025-12-30T03:04:06Z');
    expect(sincePhrase(view, third(view))).toBe(' since 2025-12-30 03:04:06 UTC (3d)');
  });

  it('is not told where nobody knows, or of a server that serves', () => {
    const starting = unheard(down('running', '2026-01-02T03:04:05Z'), undefined);
    expect(sincePhrase(starting, third(starting))).toBe('');
    expect(downSince(healthyView(3), third(healthyView(3)))).toBeUndefined();
  });

  it('is in the JSON, too', () => {
    expect(JSON.parse(statusJson(down('exited', '2026-01-02T03:02:01Z')))).toMatchObject({
      down: [{ id: 3, since: '2026-01-02T03:02:01Z' }],
    });
  });
});

describe('what keeps a server from its role', () => {
  it('is told in the words of the extension', () => {
    const view = healthyView(3);
    const { raft } = third(view);
    if (!raft.available) throw new Error('the healthy view has Raft everywhere');
    const message = "the history of this server's data has left the primary's: it has to be cloned anew";
    expect(problemsOf(withNode(view, 3, { raft: { ...raft, message } }))).toEqual([`pgraft-replica2: ${message}`]);
  });
});

describe('pages whose checksum is wrong', () => {
  const damaged = (view: ClusterView, id: number, checksumFailures: number) => {
    const postgres = view.nodes.find((node) => node.id === id)?.postgres;
    if (postgres?.accepting !== true) throw new Error('the healthy view has PostgreSQL everywhere');
    return problemsOf(withNode(view, id, { postgres: { ...postgres, checksumFailures } }));
  };

  it('are told with the command that gets new ones', () => {
    expect(damaged(healthyView(3), 3, 0)).toEqual([]);
    expect(damaged(healthyView(3), 3, 2)).toEqual([
      'pgraft-replica2: pages of its data are damaged (a wrong checksum was read 2 times): ' +
        'docker exec pgraft-replica2 pgraft-node copy-anew gets a new copy from the primary',
    ]);
  });

  it('of the primary are left to it only when another server leads', () => {
    expect(damaged(healthyView(3), 1, 1).join()).toContain(
      'once): npm run switchover, and then docker exec pgraft-primary',
    );
  });
});

describe('settings that differ', () => {
  const values = (pairs: Record<string, string>) => new Map(Object.entries(pairs));

  it('are found by name, also where a server does not know one', () => {
    expect(
      compareSettings([
        { id: 1, values: values({ work_mem: '4096kB', port: '5432' }) },
        { id: 2, values: values({ work_mem: '9216kB', port: '5432', 'new.one': 'on' }) },
      ]),
    ).toEqual([
      {
        name: 'new.one',
        values: [
          { id: 1, value: undefined },
          { id: 2, value: 'on' },
        ],
      },
      {
        name: 'work_mem',
        values: [
          { id: 1, value: '4096kB' },
          { id: 2, value: '9216kB' },
        ],
      },
    ]);
    expect(compareSettings([{ id: 1, values: values({ port: '5432' }) }])).toEqual([]);
  });

  it('are told with the servers that have each value', () => {
    const [first, second, last] = [1, 2, 3].map((id) => ({ id, value: id === 1 ? '9216kB' : '' }));
    if (first === undefined || second === undefined || last === undefined) throw new Error('three values');
    const view = { ...healthyView(3), differences: [{ name: 'work_mem', values: [first, second, last] }] };
    const remark = "setting work_mem differs: 9216kB on pgraft-primary, '' on pgraft-replica1 and pgraft-replica2";
    expect(remarksOf(view)).toEqual([remark]);
    expect(statusPage(view)).toMatch(new RegExp(`^Cluster is healthy.*\\n- ${remark}$`, 'm'));
    expect(JSON.parse(statusJson(view))).toMatchObject({ healthy: true, remarks: [remark] });
  });

  it('are asked of every server that answers, those that have to differ left out', async () => {
    const asked: unknown[] = [];
    const sql: Sql = {
      query: (endpoint, text, { values: given = [] }) => {
        asked.push(given[0]);
        expect(text).toContain('pg_settings');
        if (endpoint.port === 3) return Promise.reject(new Error('no'));
        return Promise.resolve([{ name: 'work_mem', value: String(endpoint.port) }]);
      },
      close: () => undefined,
    };
    const servers = [1, 2, 3].map((id) => ({ id, endpoint: { host: 'h', port: id } }));
    const differences = await readSettingDifferences(sql, servers, 100);
    expect(differences.map(({ name, values: told }) => [name, told.map(({ id }) => id)])).toEqual([
      ['work_mem', [1, 2]],
    ]);
    expect(asked[0]).toEqual(expect.arrayContaining(['primary_conninfo', 'synchronous_standby_names', 'pgraft.name']));
  });
});

describe('a standby that lags', () => {
  it('is named once it is far behind', () => {
    const view = healthyView(3);
    const [primary] = view.nodes;
    if (primary?.postgres.accepting !== true) throw new Error('the healthy view has a primary');
    const streams = primary.postgres.streams.map((stream) =>
      stream.name === 'replica2' ? { ...stream, replayLagBytes: 20 * 1024 * 1024 } : stream,
    );
    const lagging = withNode(view, 1, { postgres: { ...primary.postgres, streams } });
    expect(remarksOf(lagging)).toEqual(['pgraft-replica2 lags 20.0 MiB behind pgraft-primary']);
    expect(remarksOf(view)).toEqual([]);
  });
});

describe('colours', () => {
  const terminal = { isTTY: true };

  it('are for terminals, unless refused or unknown there', () => {
    expect(paintFor(terminal, {})).not.toBe(plain);
    expect(paintFor(terminal, { NO_COLOR: '1' })).toBe(plain);
    expect(paintFor(terminal, { TERM: 'dumb' })).toBe(plain);
    expect(paintFor({ isTTY: false }, {})).toBe(plain);
    expect(paintFor({}, { CI: 'true' })).toBe(plain);
    expect(paintFor({}, { FORCE_COLOR: '1' })).not.toBe(plain);
    expect(paintFor(terminal, { FORCE_COLOR: '0' })).toBe(plain);
    expect(paintFor(terminal, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(plain);
  });

  it('change nothing but colours', () => {
    const view = down('exited', '2026-01-02T03:02:01Z');
    const coloured = statusPage(view, paintFor(terminal, {}));
    expect(coloured).toContain('\x1b[32mrunning\x1b[39m');
    expect(coloured).toContain('\x1b[31mstopped\x1b[39m');
    // eslint-disable-next-line no-control-regex -- colours are control sequences
    expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(statusPage(view));
  });
});
