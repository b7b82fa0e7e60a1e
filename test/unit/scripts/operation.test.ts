import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statePath } from '../../../constructs/state-path.js';
import { refuseDuringDeploy, refuseDuringOperation, withOperation } from '../../../scripts/kit/operation.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgraft-operation-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('withOperation', () => {
  const alone = async (what: string, work: () => Promise<unknown>) => withOperation('pgraft', what, work, directory);

  it('refuses a second one while the first is under way, naming it, and not afterwards', async () => {
    await alone('npm run maintain replica1', async () => {
      await expect(alone('npm run switchover', async () => Promise.resolve())).rejects.toThrow(
        `"npm run maintain replica1" is under way on cluster pgraft (process ${process.pid}): nothing was changed; run this again`,
      );
    });
    expect(await alone('npm run switchover', async () => Promise.resolve('done'))).toBe('done');
  });

  it('is seen by who only looks, and creates nothing', async () => {
    const nowhere = join(directory, 'nowhere');
    refuseDuringOperation('pgraft', nowhere);
    expect(existsSync(nowhere)).toBe(false);
    await alone('npm run maintain replica1', async () => {
      expect(() => {
        refuseDuringOperation('pgraft', directory);
      }).toThrow('"npm run maintain replica1" is under way on cluster pgraft');
      return Promise.resolve();
    });
  });

  it('ends also with work that fails', async () => {
    await expect(alone('one', async () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(join(directory, 'operation.lock'))).toBe(false);
  });

  it('takes over from a process that is gone', async () => {
    writeFileSync(join(directory, 'operation.lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1', what: 'x' }));
    expect(await alone('two', async () => Promise.resolve('done'))).toBe('done');
  });
});

describe('refuseDuringDeploy', () => {
  const terraform = [{ pid: 4711, directory: undefined }];
  const lock = () => {
    const path = statePath(directory, 'pgraft', 'cluster');
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(dirname(path), '.terraform.cluster.tfstate.lock.info'), '{}');
  };

  it('refuses while Terraform has the state locked, naming its process and the file', () => {
    lock();
    expect(() => {
      refuseDuringDeploy('pgraft', directory, terraform);
    }).toThrow(/^Terraform changes cluster pgraft \(process 4711\): nothing was changed; .*\.lock\.info\)$/);
  });

  it.each([
    ['Terraform has not locked it', false, terraform],
    ['a killed Terraform left its lock', true, []],
    ['only that of another project runs', true, [{ pid: 4712, directory: '/elsewhere/cdktf.out/stacks/cluster' }]],
  ])('does not when %s', (_, locked, running) => {
    if (locked) lock();
    expect(() => {
      refuseDuringDeploy('pgraft', directory, running);
    }).not.toThrow();
  });
});
