import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { projectDirectory } from '../../scripts/kit/places.js';
import { lineReport } from '../../scripts/kit/report.js';
import { maintain } from '../../scripts/steps/maintain.js';
import { switchover } from '../../scripts/steps/switchover.js';
import { eventually } from '../support/eventually.js';
import { ctrlC, openTerminal } from '../support/terminal.js';
import { WriteLoad } from '../support/write-load.js';
import { longestGap } from '../support/write-record.js';
import { application, FaultCluster, type FaultServer } from './fault-cluster.js';
import { saveLogsOfFailed } from './saved-logs.js';
import { during, type Fault } from './fault.js';
import { openScripts, type Scripts } from './scripts-on.js';
import { kill, pause } from './verbs/containers.js';
import { stopProcess } from './verbs/processes.js';
import { verify, whole } from './verify.js';

const pace = 5;
const recovery = 30_000;

describe('a cluster of three that is written to:', () => {
  let cluster: FaultCluster;
  let scripts: Scripts;
  let load: WriteLoad;
  let primary: FaultServer;
  let standbys: [FaultServer, FaultServer];

  const report = lineReport(() => undefined);
  const switched = async (to?: string) => switchover(scripts.live, { to, report });
  const maintained = async (node: string) =>
    maintain(scripts.live, { node, command: [], run: async () => Promise.resolve(0), report });
  /** How long nobody was acknowledged while `work` was done. */
  const gapOf = async (what: string, work: () => Promise<void>) => {
    const begun = performance.now();
    await work();
    const already = load.acknowledged;
    await eventually(
      'writes to go on',
      () => load.acknowledged - already,
      (more) => more > 10,
      recovery,
    );
    const gap = longestGap(load.acknowledgedWrites(), begun, performance.now());
    console.info(`${what}: ${gap.toFixed(0)} ms without a write at most`);
  };
  const screen = { cwd: projectDirectory, columns: 200, rows: 50 };
  const typed = (command: string) => `env PGRAFT_PREFIX=${scripts.live.prefix} npm run --silent ${command}`;
  const logSince = async (server: FaultServer, before: string) => (await server.log()).slice(before.length);

  beforeAll(async () => {
    cluster = await FaultCluster.form(3);
    scripts = openScripts(cluster);
    await whole(cluster, 60_000);
    load = await WriteLoad.begin({ endpoints: cluster.endpoints, login: application, loyal: true, pace });
  });
  saveLogsOfFailed('operations', () => cluster);
  beforeEach(async () => {
    primary = await cluster.primary();
    standbys = cluster.others(primary) as [FaultServer, FaultServer];
  });
  afterEach(async () => {
    expect(await verify(cluster, load, recovery)).toMatchObject({ lost: [], stale: [], stuck: undefined });
  });
  afterAll(async () => {
    await load.end();
    scripts.close();
    cluster.remove();
  });

  const targets: [string, () => FaultServer | undefined, () => string[]][] = [
    ['to the standby that is named', () => standbys[1], () => [standbys[1].name]],
    ['without an argument, to a standby', () => undefined, () => []],
    ['to node 1, by its container', () => cluster.servers[0], () => [cluster.servers[0]?.container ?? '']],
  ];
  it.each(targets)(
    'npm run switchover %s: exit 0, and the old primary streams without a clone',
    async (_, to, args) => {
      const target = to();
      if (target === primary) await switched();
      const old = await cluster.primary();
      const log = await old.log();
      await gapOf(`switchover from ${old.name}`, async () => {
        const { status, output } = await scripts.npm('switchover', ...args());
        expect(status, output).toBe(0);
        expect(output).toMatch(/✓ 4\. \S+ streams from \S+ \(\d.*\)\n\S+ is the primary: answered after .*s\.\n/);
        expect(output).toContain(`${old.container} is its standby again after`);
      });
      const now = await cluster.primary();
      if (target === undefined) expect(now).not.toBe(old);
      else expect(now.name).toBe(target.name);
      expect(await logSince(old, log)).not.toMatch(/copies the data|pg_basebackup/);
    },
  );

  const paused: Fault = {
    what: 'failover is paused',
    inject: async () => {
      await primary.query("SELECT pgraft_set_config('failover_enabled', 'false')");
    },
    heal: async () => {
      await primary.query("SELECT pgraft_set_config('failover_enabled', 'true')");
    },
  };
  const nothing: Fault = {
    what: 'nothing',
    inject: async () => Promise.resolve(),
    heal: async () => Promise.resolve(),
  };
  /** Its WAL receiver stands still, and there is more to receive than a hand-over waits for. */
  const lagging = (): Fault => {
    const stopped = stopProcess(standbys[0], 'WAL receiver or sender');
    return {
      ...stopped,
      inject: async () => {
        await stopped.inject();
        await primary.query('CREATE TABLE bulk AS SELECT md5(i::text) FROM generate_series(1, 400000) i');
        await primary.query('DROP TABLE bulk');
      },
    };
  };

  const refusals: [string, () => Fault, () => Promise<unknown>, () => RegExp][] = [
    [
      'to a server that is unknown',
      () => nothing,
      async () => switched('replica7'),
      () => /^there is no server "replica7"; choose one of primary, replica1, replica2$/,
    ],
    [
      'to the primary itself',
      () => nothing,
      async () => switched(primary.name),
      () => new RegExp(`^${primary.container} is the primary already; choose one of`),
    ],
    [
      'to a server that is down',
      () => kill(standbys[0]),
      async () => switched(standbys[0].name),
      () =>
        new RegExp(
          `^${standbys[0].container}: the container is exited .*docker start ${standbys[0].container} brings it back; so it cannot take over`,
        ),
    ],
    [
      'to a server that is paused',
      () => pause(standbys[0]),
      async () => switched(String(standbys[0].id)),
      () =>
        new RegExp(
          `^${standbys[0].container}: the container is paused.*; so it cannot take over: choose ${standbys[1].name}`,
        ),
    ],
    [
      'to a server that lags',
      lagging,
      async () => switched(standbys[0].name),
      () =>
        new RegExp(
          `^${standbys[0].container} lags \\d.* behind ${primary.container}, more than 16.0 MiB, and cannot take over`,
        ),
    ],
    ['while failover is paused', () => paused, async () => switched(), () => /^failover is paused .*enable it first/],
    [
      'without the majority that the others have to be',
      () => kill(standbys[0]),
      async () => switched(standbys[1].name),
      () =>
        new RegExp(
          `^without ${primary.container} 1 of 3 voters would answer, and 2 must: ${standbys[0].container}: the container is exited`,
        ),
    ],
    [
      'maintenance of a server that a majority needs',
      () => kill(standbys[0]),
      async () => maintained(standbys[1].name),
      () =>
        new RegExp(
          `^${standbys[1].container} cannot go out of service now: without it 1 of 3 voters would be left, and 2 must be`,
        ),
    ],
  ];
  it.each(refusals)('it is refused %s, and nothing changes', async (_, fault, work, reason) => {
    const { current_term } = await primary.status();
    await during(fault(), async () => {
      await expect(work()).rejects.toThrow(reason());
    });
    expect(await cluster.primary()).toBe(primary);
    expect((await primary.status()).current_term).toBe(current_term);
  });

  it('without a majority a switchover is refused, and so is the maintenance of the last healthy server', async () => {
    await during(kill(...standbys), async () => {
      const refusal = async () => switched().then(() => '', String);
      // while it becomes a standby it does not answer either
      const lost = /no majority: 1 of 3 voters answers and 2 must, so writes wait; .*; nothing was changed$/;
      await eventually('the loss to be seen', refusal, (text) => lost.test(text), 10_000);
      await expect(maintained(primary.name)).rejects.toThrow(/cannot go out of service now: .*it was not touched$/);
    });
  });

  it('of two switchovers at once the second is refused, and is told who asked for the first', async () => {
    const stopped = stopProcess(standbys[0], 'WAL receiver or sender');
    await during(stopped, async () => {
      // it waits for the standby, and is given up
      const first = primary.query('SELECT pgraft_transfer_leadership($1)', [standbys[0].id], undefined, 10_000);
      const given = first.then(() => 'true', String);
      await eventually(
        'commits to wait',
        async () => primary.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgraftHandOver'"),
        (rows) => rows.length > 0,
        2_000,
      );
      await expect(switched(standbys[1].name)).rejects.toThrow(
        new RegExp(
          `^another change of the cluster is under way, asked for by postgres from \\S+, process \\d+ on ${primary.container}; nothing was changed`,
        ),
      );
      expect(await given).toContain('was given up');
    });
  });

  it('of two commands at once on this machine one is refused, and is told which one is under way', async () => {
    const ended = await Promise.all([scripts.npm('switchover'), scripts.npm('switchover', standbys[0].name)]);
    expect(ended.map(({ status }) => status).sort()).toEqual([0, 1]);
    expect(ended.find(({ status }) => status === 1)?.stderr).toMatch(
      /^error: "npm run switchover.*" is under way on cluster pgf-\S+ \(process \d+\): nothing was changed; run this again/,
    );
  });

  const mistakes: [string, string[], RegExp][] = [
    ['switchover', ['--fast'], /^error: unknown option '--fast'/],
    [
      'maintain',
      ['replica1', '--', 'no-such-program'],
      /^error: there is no program "no-such-program" on this machine/,
    ],
  ];
  it.each(mistakes)('npm run %s -- %j is refused with what is wrong', async (script, args, reason) => {
    const { status, stderr } = await scripts.npm(script, ...args);
    expect(status).toBe(1);
    expect(stderr).toMatch(reason);
  });

  it.each(['a standby', 'the primary'])(
    'npm run maintain of %s, with a command that restarts its container: exit 0, and it streams',
    async (which) => {
      const server = which === 'a standby' ? standbys[0] : primary;
      await gapOf(`maintenance of ${which}`, async () => {
        const restart = ['sh', '-c', 'docker restart $MAINTAIN_CONTAINER'];
        const { status, output } = await scripts.npm('maintain', server.name, '--', ...restart);
        expect(status, output).toBe(0);
        console.info(output);
        expect(output).toContain(`${server.container} was out of service for`);
        expect(output).toMatch(/Longest step: .* \(\d.*s\)\.\n/);
      });
      expect((await server.status()).role).toBe('standby');
    },
  );

  it('npm run maintain with a command that fails brings the server back, and has its exit status', async () => {
    const script = `test "$(docker inspect --format '{{.State.Status}}' $MAINTAIN_CONTAINER)" = exited && exit 7`;
    const { status, output } = await scripts.npm('maintain', standbys[0].name, '--', 'sh', '-c', script);
    expect(status, output).toBe(7);
    expect(output).toContain('The command ended with status 7.');
    expect((await standbys[0].status()).role).toBe('standby');
  });

  it('Ctrl-C while npm run switchover looks at the servers: it says how things stand, exit 130, and they go on', async () => {
    const terminal = openTerminal(typed(`switchover -- ${standbys[0].name}`), screen);
    try {
      // from here on it takes a moment; the rest may be done before the key is
      await terminal.until('the first step', (output) => output.includes('can take over'), recovery);
      terminal.type(ctrlC);
      expect(await terminal.end(recovery), terminal.output()).toBe(130);
      expect(terminal.output()).toMatch(
        /interrupted: (nothing was changed|\S+ is still the primary|leadership is on its way, |\S+ is the primary now; )/,
      );
    } finally {
      terminal.close();
    }
  });

  it('Ctrl-C while the command of npm run maintain runs: the server is brought back, exit 130', async () => {
    const terminal = openTerminal(typed(`maintain -- ${standbys[0].name} -- sleep 60`), screen);
    try {
      await terminal.until('the command to run', (output) => output.includes('$ sleep 60'), recovery);
      terminal.type(ctrlC);
      expect(await terminal.end(recovery), terminal.output()).toBe(130);
      expect(terminal.output()).toContain(`interrupted: ${standbys[0].container} is back, streams and counts`);
    } finally {
      terminal.close();
    }
    expect((await standbys[0].status()).role).toBe('standby');
  });
});
