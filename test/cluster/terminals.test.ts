/** What a person sees at a narrow terminal, at one without colours, and where there is none. */
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { screenText } from '../support/screen-text.js';
import type { Ended } from '../support/shell.js';
import { ctrlC, openTerminal } from '../support/terminal.js';

const columns = 40;
const rows = 30;
const patience = 120_000;
const ctrlD = '\x04';

const start = 'node --import tsx scripts/start.ts';
const script = (name: string) => `npm run --silent ${name}`;

/** Typed, and what stands on the screen in the end, each once and in this order. */
const narrow: readonly [command: string, shown: readonly string[]][] = [
  [script('status'), ['=== Raft Status ===', 'Leader: Node 1', 'Cluster is healthy: 3 of 3 servers up']],
  [
    script('switchover replica1'),
    [
      '1\\. replica1 can take over',
      '2\\. Leadership goes from [\\w-]+-primary to [\\w-]+-replica1',
      '3\\. [\\w-]+-replica1 accepts writes',
      '4\\. [\\w-]+-primary streams from [\\w-]+-replica1',
      '[\\w-]+-replica1 is the primary: answered after',
    ],
  ],
  [
    `${script('maintain replica2')} -- sh -c 'echo the command runs'`,
    [
      '1\\. \\d+ clients of [\\w-]+-replica2 end what',
      '4\\. [\\w-]+-replica2 is out of service',
      'the command ended with status 0',
      '5\\. [\\w-]+-replica2 streams and counts again',
      '[\\w-]+-replica2 was out of service for',
    ],
  ],
  [script('plan'), ['No change']],
  [start, ['the cluster is healthy', '=== Health ===', 'Done in']],
];

/** A line may be broken by the terminal or by whoever wrote it: so spaces do not count. */
const squeezed = (text: string) => text.replaceAll(/\s/g, '');

/** A colour, of letters or behind them. */
const colour = /\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m/; // eslint-disable-line no-control-regex -- it is what is looked for

describe('a cluster at all kinds of terminals:', () => {
  let project: ClusterProject;

  /** At a terminal, to the end. */
  async function atTerminal(command: string, env: Readonly<Record<string, string>> = {}) {
    const terminal = openTerminal(command, { cwd: project.directory, columns, rows, env });
    try {
      const status = await terminal.end(patience);
      return { status, output: terminal.output() };
    } finally {
      terminal.close();
    }
  }

  /** Where output and errors go into a pipe, and nobody has said anything about colours; control characters are shown (`^[`). */
  async function piped(command: string): Promise<Ended> {
    const env = { NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm' };
    return project.run('bash', ['-c', `set -o pipefail; { ${command}; } 2>&1 </dev/null | cat -v`], { env });
  }

  const asks = (output: string) => shownBy(output).includes('togoon:');
  const shownBy = (output: string) => squeezed(screenText(output, columns, rows).join(''));

  beforeAll(async () => {
    project = await ClusterProject.open();
    const { status, output } = await piped(start);
    if (status !== 0) throw new Error(`npm start failed:\n${output}\n${await project.logs()}`);
    // without a terminal
    expect(output).toMatch(/Cluster is healthy/);
    expect(output).not.toContain('^[');
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it.each(narrow)('%s in 40 columns shows each thing once', async (command, shown) => {
    const { status, output } = await atTerminal(command);
    expect(status, stripVTControlCharacters(output)).toBe(0);
    const text = shownBy(output);
    let from = 0;
    for (const sentence of shown) {
      const found = [...text.matchAll(new RegExp(squeezed(sentence), 'g'))];
      expect(found.length, `${sentence}, in ${screenText(output, columns, rows).join('\n')}`).toBe(1);
      const place = found[0]?.index ?? 0;
      expect(place, `${sentence} comes after what is before it`).toBeGreaterThanOrEqual(from);
      from = place;
    }
  });

  it('a terminal has colours, as a rule', async () => {
    expect((await atTerminal(script('status'))).output).toMatch(colour);
  });

  it.each([[script('status')], [script('switchover')], [script('plan')], [`${script('status')} -- --bogus`]])(
    '%s with NO_COLOR at a terminal has none',
    async (command) => {
      const { output } = await atTerminal(command, { NO_COLOR: '1' });
      expect(output).not.toBe('');
      expect(output.match(colour)?.[0], JSON.stringify(output.slice(0, 2000))).toBeUndefined();
    },
  );

  const unseen: readonly [command: string, status: number, says: RegExp][] = [
    [script('status'), 0, /Cluster is healthy/],
    [script('switchover'), 0, /is the primary: answered after/],
    [`${script('status')} -- --watch`, 1, /^error: --watch needs a terminal; in a script call npm run status again/m],
    [script('destroy'), 1, /^error: this removes all data; say so with --yes where nobody can be asked$/m],
    [`echo 'select 40 + 2' | ${script('psql')} -- -- -XAt`, 0, /^42$/m],
    [script('plan'), 0, /No change/],
  ];
  it.each(unseen)('%s without a terminal ends with %i, and has no control sequences', async (command, status, says) => {
    const ended = await piped(command);
    expect(ended.status, ended.output).toBe(status);
    expect(ended.output).toMatch(says);
    expect(ended.output).not.toContain('^[');
  });

  it('npm run destroy in 40 columns asks for the name; another one, Ctrl-C or Ctrl-D removes nothing', async () => {
    const before = await project.objects();
    for (const [keys, status] of [
      ['another\r', 1],
      [ctrlC, 130],
      [ctrlD, 130],
    ] as const) {
      const terminal = openTerminal(script('destroy'), { cwd: project.directory, columns, rows });
      try {
        await terminal.until('the question', asks, 30_000);
        terminal.type(keys);
        expect(await terminal.end(patience), terminal.output()).toBe(status);
        expect(shownBy(terminal.output())).toMatch(/nothingwasremoved$/);
      } finally {
        terminal.close();
      }
    }
    expect(await project.objects()).toEqual(before);
  });

  it('and the name of the cluster removes it', async () => {
    const terminal = openTerminal(script('destroy'), { cwd: project.directory, columns, rows });
    try {
      await terminal.until('the question', asks, 30_000);
      terminal.type(`${project.prefix}\r`);
      expect(await terminal.end(patience), terminal.output()).toBe(0);
    } finally {
      terminal.close();
    }
    expect(await project.objects()).toEqual([]);
  });
});
