import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownerOf } from '../../../setup/lock.mjs';
import { actionOf, claimDeploy } from '../../../scripts/kit/deploy-lock.js';
import { withOperation } from '../../../scripts/kit/operation.js';
import type { ProcessFacts } from '../../../scripts/kit/processes.mjs';

describe('actionOf', () => {
  it.each([
    ['node /p/node_modules/.bin/cdktf deploy *', 'deploy'],
    ['node --no-warnings /p/node_modules/cdktf-cli/bundle/bin/cdktf.js --log-level=x destroy', 'destroy'],
    ['cdktf diff', 'diff'],
    ['node --import tsx main.ts', undefined],
    ['npm run deploy', undefined],
  ])('%s: %s', (line, expected) => {
    expect(actionOf({ pid: 2, parent: 1, command: line.split(' ') })).toBe(expected);
  });
});

describe('claimDeploy', () => {
  let directory: string;
  const sleepers: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-deploy-lock-'));
  });
  afterEach(() => {
    for (const sleeper of sleepers.splice(0)) sleeper.kill();
    rmSync(directory, { recursive: true });
  });

  /** A process that lives, in place of cdktf. */
  async function living(): Promise<number> {
    const child = spawn('sleep', ['60']);
    sleepers.push(child);
    await once(child, 'spawn');
    return child.pid ?? 0;
  }

  type Working = readonly { readonly pid: number; readonly directory: string | undefined }[];

  /** main.ts below `cdktf <action>`, which may itself be below another process. */
  function claim(
    action: string,
    cdktf: number,
    above = 1,
    outdir = '/project/cdktf.out',
    terraform = [] as Working,
  ): boolean {
    const processes: ProcessFacts[] = [
      { pid: 1_000_000, parent: cdktf, command: ['node', '--import', 'tsx', 'main.ts'] },
      { pid: cdktf, parent: above, command: ['node', '/p/node_modules/.bin/cdktf', action, '*'] },
      { pid: above, parent: 1, command: ['node', 'scripts/start.ts'] },
    ];
    const describe = (pid: number) => processes.find((facts) => facts.pid === pid);
    return claimDeploy('pgraft', { outdir, directory, describe, from: 1_000_000, terraform: () => terraform });
  }
  const lock = () => JSON.parse(readFileSync(join(directory, 'operation.lock'), 'utf8')) as { pid: number };

  it('refuses a second deploy before it synthesizes, naming the first', async () => {
    const [first, second] = [await living(), await living()];
    claim('deploy', first);
    expect(lock().pid).toBe(first);
    for (const action of ['deploy', 'destroy']) {
      expect(() => {
        claim(action, second);
      }).toThrow(
        `"cdktf deploy" is under way on cluster pgraft (process ${first}): nothing was changed; run this again`,
      );
    }
    claim('deploy', first);
  });

  it('keeps switchover and maintain out of a deploy, and a deploy out of them', async () => {
    claim('deploy', await living());
    const work = withOperation('pgraft', 'npm run switchover', async () => Promise.resolve(), directory);
    await expect(work).rejects.toThrow('"cdktf deploy" is under way');
    rmSync(join(directory, 'operation.lock'));
    const deploy = await living();
    await withOperation(
      'pgraft',
      'npm run maintain replica1',
      async () => {
        expect(() => {
          claim('deploy', deploy);
        }).toThrow(`"npm run maintain replica1" is under way on cluster pgraft (process ${process.pid})`);
        return Promise.resolve();
      },
      directory,
    );
    expect(existsSync(join(directory, 'operation.lock'))).toBe(false);
  });

  it('lets the deploy through that npm start has called', async () => {
    const [start, cdktf] = [await living(), await living()];
    writeFileSync(join(directory, 'operation.lock'), JSON.stringify({ ...ownerOf(start), what: 'npm start' }));
    claim('deploy', cdktf, start);
    expect(lock().pid).toBe(start);
  });

  it('names the deploy that goes on, not its terraform', async () => {
    const [first, second] = [await living(), await living()];
    const outdir = '/project/cdktf.out';
    claim('deploy', first, 1, outdir);
    expect(() => claim('deploy', second, 1, outdir, [{ pid: 4711, directory: `${outdir}/stacks/cluster` }])).toThrow(
      `"cdktf deploy" is under way on cluster pgraft (process ${first})`,
    );
  });

  it('refuses while the terraform of a deploy that was killed still works there, and not for that of another cluster', async () => {
    const cdktf = await living();
    const outdir = '/project/cdktf.out';
    const at = (directory: string | undefined) => [{ pid: 4711, directory }];
    expect(() => claim('deploy', cdktf, 1, outdir, at(`${outdir}/stacks/cluster`))).toThrow(
      '"terraform, of a deploy that was killed," is under way on cluster pgraft (process 4711)',
    );
    for (const other of ['/project/.pgraft/demo/cdktf.out/stacks/cluster', '/project/cdktf.out2', undefined]) {
      expect(claim('deploy', cdktf, 1, outdir, at(other))).toBe(true);
      rmSync(join(directory, 'operation.lock'));
    }
  });

  it('tells a deploy that begins from a destroy, and from one that npm start goes on with', async () => {
    const [start, cdktf] = [await living(), await living()];
    expect(claim('destroy', cdktf)).toBe(false);
    rmSync(join(directory, 'operation.lock'));
    expect(claim('deploy', cdktf)).toBe(true);
    writeFileSync(join(directory, 'operation.lock'), JSON.stringify({ ...ownerOf(start), what: 'npm start' }));
    expect(claim('deploy', cdktf, start)).toBe(false);
  });

  it('takes over from a deploy that was killed', async () => {
    writeFileSync(join(directory, 'operation.lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1', what: 'x' }));
    const next = await living();
    claim('deploy', next);
    expect(lock().pid).toBe(next);
  });

  it('lets through what only looks, unless it would write where a running deploy reads', async () => {
    const [first, other] = [await living(), await living()];
    claim('synth', other);
    expect(existsSync(join(directory, 'operation.lock'))).toBe(false);
    claim('deploy', first);
    claim('diff', other, 1, '/project/.pgraft/pgraft/plan');
    expect(() => {
      claim('synth', other);
    }).toThrow('"cdktf deploy" is under way');
    expect(lock().pid).toBe(first);
  });
});
