import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..', '..', '..');
const run = join('scripts', 'hooks', 'run.mjs');

describe('scripts/hooks/run.mjs', () => {
  let directory: string;

  beforeAll(() => {
    // a project without packages: whatever has to be compiled cannot even be loaded in it
    directory = mkdtempSync(join(tmpdir(), 'pgraft-hook-run-'));
    for (const file of [run, join('scripts', 'kit', 'processes.mjs')]) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      cpSync(join(repository, file), join(directory, file));
    }
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  /** Run a hook of `project` as a child of a process that calls itself `terraform <action>`. */
  async function underTerraform(action: string, hook: string, project: string) {
    const script = join(directory, action);
    writeFileSync(script, `'${process.execPath}' '${join(project, run)}' ${hook}\nexit $?\n`);
    const env = { PATH: process.env['PATH'] };
    const child = spawn('sh', [action], { argv0: 'terraform', cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const status = new Promise<number | null>((resolve) => child.once('close', resolve));
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { status: await status, stdout, stderr };
  }

  it.each(['leave', 'roll'])('has nothing to do for %s of a teardown, and loads nothing for it', async (hook) => {
    expect(await underTerraform('destroy', hook, directory)).toEqual({
      status: 0,
      stdout: 'nothing to do: the cluster is torn down\n',
      stderr: '',
    });
  });

  it.each([
    ['apply', 'leave'],
    ['apply', 'roll'],
    ['destroy', 'teardown'],
  ])('in terraform %s runs the hook %s', async (action, hook) => {
    const { status, stderr } = await underTerraform(action, hook, repository);
    expect(status).toBe(1);
    expect(stderr).toContain('PGRAFT_HOOK_INPUT is not set');
  });

  it('is refused where it has to load a hook and cannot', async () => {
    const { status, stderr } = await underTerraform('apply', 'leave', directory);
    expect(status).toBe(1);
    expect(stderr).toContain("Cannot find package 'tsx'");
  });
});
