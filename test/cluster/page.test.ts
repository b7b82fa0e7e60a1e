/** Every command of the cluster page, in its order, on a real cluster, with the result that the page promises. */
import { spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { eventually, happensWithin } from '../support/eventually.js';
import { docker, mustRun, run, type Ended } from '../support/shell.js';
import { pageCommands, pageOutput, translated } from './pages/page.js';

const repository = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(import.meta.dirname, 'pages', 'cluster-script.md'), 'utf8');
const sections = ['Usage', 'Advanced Usage', 'Testing Scenarios', 'Troubleshooting', 'Best Practices'];
const commands = pageCommands(page, sections);

const names = (nodes: number) => ['primary', ...Array.from({ length: nodes - 1 }, (_, index) => `replica${index + 1}`)];
const script = './pgraft_cluster.py --docker';
const psql = (name: string, sql: string) => `docker exec pgraft-${name} psql -U postgres -c "${sql}"`;

/** A command of the page and what has to come of it. */
type Expectation = readonly [command: string, promise: (ended: Ended) => Promise<void> | void];

describe('the cluster page', () => {
  let project: ClusterProject;
  let hasNetstat: boolean;
  /** Who leads, in which term, before a server is cut off. */
  let elected: string;
  const here = (text: string) => translated(text, project, hasNetstat);

  beforeAll(async () => {
    project = await ClusterProject.open();
    // what npx pgraft_cluster needs beyond npm start's own parts: it sets the machine up first
    for (const part of ['pgraft_cluster.mjs', 'setup.mjs', 'setup', 'provider', 'package-lock.json']) {
      cpSync(join(repository, part), join(project.directory, part), { recursive: true });
    }
    hasNetstat = (await run('sh', ['-c', 'command -v netstat'])).status === 0;
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  /** Run one command of the page as a person would type it. */
  async function typed(command: string): Promise<Ended> {
    if (command.startsWith('docker exec -it')) return inTerminal(here(command));
    if (command.startsWith('docker logs -f')) return followed(here(command));
    return project.run('bash', ['-c', here(command)], { deadline: 180_000 });
  }

  /** Somebody at a terminal who asks one question and leaves. */
  async function inTerminal(command: string): Promise<Ended> {
    const question = "select 'in recovery: ' || pg_is_in_recovery();";
    const keys = `printf '%s\\n' "${question}" '\\q'`;
    return project.run('bash', ['-c', `${keys} | script --quiet --return --command '${command}' /dev/null`]);
  }

  /** Follow a log until it shows a line that was written after the following began. */
  async function followed(command: string): Promise<Ended> {
    const [program = '', ...args] = command.split(' ');
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    const begun = performance.now();
    try {
      await eventually(
        'the log to be shown',
        () => output,
        (text) => text.includes('ready to accept'),
        10_000,
      );
      const shown = output.length;
      await project.sql('primary', 'select pg_reload_conf()');
      const fresh = (text: string) => text.slice(shown).includes('received SIGHUP');
      await eventually('the log to be followed', () => output, fresh, 10_000);
    } finally {
      child.kill();
    }
    return { status: 0, stdout: output, stderr: '', output, milliseconds: Math.round(performance.now() - begun) };
  }

  const works = (ended: Ended) => {
    expect(ended.status, ended.output).toBe(0);
  };
  const shows =
    (...parts: (string | RegExp)[]) =>
    (ended: Ended) => {
      works(ended);
      for (const part of parts) {
        if (typeof part === 'string') expect(ended.output).toContain(here(part));
        else expect(ended.output).toMatch(part);
      }
    };
  /** Exactly the documented lines; those of each replica as often as there are replicas. */
  const initializes = (nodes: number) => (ended: Ended) => {
    works(ended);
    const expected = pageOutput(page, 'Usage > Initialize a 3-Node Cluster')
      .split('\n')
      .filter((line) => !line.includes('pgraft-replica2'))
      .map((line) => line.replace('2 replicas', `${nodes - 1} replicas`))
      .flatMap((line) =>
        line.includes('replica1')
          ? names(nodes)
              .slice(1)
              .map((name) => line.replace('replica1', name))
          : [line],
      );
    expect(ended.stdout.trimEnd().split('\n')).toEqual(expected.map(here));
    console.info(`--init of ${nodes}: ${ended.milliseconds} ms`);
  };
  /** The documented blocks. Names are longer here, so the column of the colons is not compared, nor how often was elected. */
  const showsStatus = (ended: Ended) => {
    works(ended);
    const comparable = (text: string) => text.replaceAll(/ +:/g, ' :').replaceAll(/term=\d+/g, 'term=1');
    expect(comparable(ended.stdout)).toContain(comparable(here(pageOutput(page, 'Usage > Check Cluster Status'))));
  };
  const leavesNothing = async (ended: Ended) => {
    works(ended);
    expect(await project.objects()).toEqual([]);
  };
  const healthy = async (nodes: number, deadline: number) => {
    const sentence = `Cluster is healthy: ${nodes} of ${nodes} servers up`;
    const status = async () => (await project.npm('status')).output;
    await eventually(`a healthy cluster of ${nodes}`, status, (text) => text.includes(sentence), deadline);
  };
  const leadership = 'select leader_id, current_term from pgraft_get_cluster_status()';
  const statusColumns = /node_id \| current_term \| leader_id \| state +\| num_nodes \|/;

  const promises: Expectation[] = [
    [`${script} --init --nodes 3`, initializes(3)],
    [`${script} --status`, showsStatus],
    [`${script} --destroy`, leavesNothing],

    [
      `${script} --init --nodes 5`,
      async (ended) => {
        initializes(5)(ended);
        const { stdout } = await project.npm('status');
        for (const name of names(5)) expect(stdout).toMatch(new RegExp(`^${project.container(name)} +: running$`, 'm'));
        // the size is the cluster's from now on, whatever command comes
        const diff = await project.cdktf('diff', 'cluster');
        expect(diff.output).toContain('found no differences');
      },
    ],
    ['docker exec -it pgraft-primary psql -U postgres', shows('in recovery: false')],
    ['docker exec -it pgraft-replica1 psql -U postgres', shows('in recovery: true')],
    ['docker logs pgraft-primary', shows('database system is ready to accept')],
    ['docker logs pgraft-replica1', shows('database system is ready to accept')],
    ['docker logs -f pgraft-primary', shows('received SIGHUP')],
    [psql('primary', 'SELECT * FROM pgraft_get_cluster_status();'), shows(statusColumns, / leader +\|/, '(1 row)')],
    [psql('replica1', 'SELECT pgraft_is_leader();'), shows(/^ f$/m)],

    ['docker stop pgraft-primary', shows('pgraft-primary')],
    [
      `${script} --status`,
      async ({ status, output }) => {
        expect(status, output).toBe(1);
        expect(output).toMatch(new RegExp(`^${project.container('primary')} +: stopped$`, 'm'));
        const again = async () => (await typed(`${script} --status`)).stdout;
        const promoted = (text: string) =>
          /^Leader: Node [2-5]$/m.test(text) && /: accepting connections \(primary\)$/m.test(text);
        await eventually('another leader, which is the primary', again, promoted, 10_000);
        const successor = await project.primary();
        const written = async () => (await project.sql(successor, 'create table written ()')) === 'CREATE TABLE';
        await happensWithin('writes go on', 10_000, written);
        await docker('start', project.container('primary'));
        await healthy(5, 30_000);
        expect(await project.primary()).toBe(successor);
        expect(await project.sql('primary', 'select pg_is_in_recovery()')).toBe('t');
        // the next scenario writes to node 1, as one can after --init
        works(await project.npm('switchover', 'primary'));
      },
    ],
    [
      `docker exec pgraft-primary psql -U postgres -c "\nCREATE TABLE test (id int, data text);\nINSERT INTO test VALUES (1, 'hello');\n"`,
      shows('INSERT 0 1'),
    ],
    [
      psql('replica1', 'SELECT * FROM test;'),
      async () => {
        // acknowledged means flushed on a majority; this replica may be the one that is still to come
        const again = async () => (await typed(psql('replica1', 'SELECT * FROM test;'))).output;
        await eventually('the row on the replica', again, (text) => /1 \| hello/.test(text), 5_000);
        elected = await project.sql('primary', leadership);
      },
    ],
    ['docker network disconnect pgraft-network pgraft-replica2', works],
    [
      psql('primary', 'SELECT * FROM pgraft_get_nodes();'),
      async (ended) => {
        shows('(5 rows)')(ended);
        const state = async () =>
          project.sql('primary', "select state from pgraft_get_nodes() where name = 'replica2'");
        await eventually('the partition to be seen', state, (text) => text === 'unreachable', 10_000);
        expect(await project.sql('primary', "insert into test values (2, 'partitioned')")).toBe('INSERT 0 1');
      },
    ],
    [
      'docker network connect pgraft-network pgraft-replica2',
      async (ended) => {
        works(ended);
        await healthy(5, 20_000);
        const row = async () => project.sql('replica2', 'select data from test where id = 2');
        await eventually('what was written meanwhile', row, (text) => text === 'partitioned', 5_000);
        // nobody was elected for it
        expect(await project.sql('replica2', leadership)).toBe(elected);
      },
    ],

    ['docker ps -a', shows(...names(5).map((name) => `pgraft-${name}`))],
    ['docker logs pgraft-primary', shows('database system is ready to accept')],
    [
      `netstat -an | grep -E '5432|5433|5434|7001|7002|7003'`,
      (ended) => {
        works(ended);
        const { postgres, raft } = project.ports;
        for (const port of [0, 1, 2].flatMap((index) => [postgres + index, raft + index])) {
          expect(ended.output).toMatch(new RegExp(`^(?=.*LISTEN).*127\\.0\\.0\\.1:${port}\\b`, 'm'));
        }
      },
    ],
    [psql('primary', 'SELECT * FROM pg_stat_replication;'), shows('(4 rows)', /\| streaming \|/)],
    [psql('replica1', 'SELECT pg_is_in_recovery();'), shows(/^ t$/m)],
    [psql('primary', 'SELECT * FROM pgraft_get_cluster_status();'), shows(statusColumns, / leader +\|/)],
    ['docker exec pgraft-primary tail -100 /var/log/postgresql/postgresql-17-main.log', shows(/ LOG: {2}/)],
    [`${script} --destroy`, leavesNothing],
    [`${script} --init --nodes 3`, initializes(3)],

    [`${script} --status`, showsStatus],
    [
      'SELECT * FROM pgraft_get_cluster_status();',
      async () => {
        const { stdout } = await mustRun('docker', [
          ...['exec', project.container('primary'), 'psql', '-U', 'postgres', '-c'],
          'SELECT * FROM pgraft_get_cluster_status();',
        ]);
        expect(stdout).toMatch(statusColumns);
      },
    ],
    [`${script} --destroy`, leavesNothing],
  ];

  it('has the commands that are tried here, and no others', () => {
    expect(commands.map(({ command }) => command)).toEqual(promises.map(([command]) => command));
  });

  it.each(commands.map(({ place, command }, index) => ({ place, command, index })))(
    '$place: $command',
    async ({ command, index }) => {
      const promise = promises[index]?.[1];
      if (promise === undefined) throw new Error(`nothing is promised for ${command}`);
      await promise(isSql(command) ? nothingRun : await typed(command));
    },
  );
});

/** SQL of the page has no command around it: its promise runs it. */
function isSql(command: string): boolean {
  return command.startsWith('SELECT ');
}

const nothingRun: Ended = { status: 0, stdout: '', stderr: '', output: '', milliseconds: 0 };
