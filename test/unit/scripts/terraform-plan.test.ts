import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Shell } from '../../../scripts/kit/shell.js';
import { planStacks } from '../../../scripts/kit/terraform-plan.js';

interface Call {
  readonly command: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Answer = (command: string, earlier: readonly string[]) => { status?: number; stdout?: string; stderr?: string };

/** A shell whose commands are played by `answer`. */
function fakeShell(answer: Answer): { $: Shell; calls: Call[] } {
  const calls: Call[] = [];
  const $ =
    (options: Omit<Call, 'command'>) =>
    (parts: TemplateStringsArray, ...values: (string | string[])[]) => {
      const words = parts.flatMap((part, index) => [part.trim(), ...[values[index] ?? []].flat()]);
      const command = words.filter((word) => word !== '').join(' ');
      const earlier = calls.filter(({ cwd }) => cwd === options.cwd).map((call) => call.command);
      const { status = 0, stdout = '', stderr = '' } = answer(command, earlier);
      calls.push({ ...options, command });
      return Promise.resolve({ exitCode: status, signal: null, stdout, stderr, duration: 1 });
    };
  return { $: $ as unknown as Shell, calls };
}

const settings = { prefix: 'pgraft', dockerProvider: 'registry' } as const;

describe('planStacks', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-plan-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('synthesizes to its own directory, and plans without a lock', async () => {
    const { $, calls } = fakeShell((command) => ({ stdout: command.includes('show') ? '{"plan": 1}' : 'No changes.' }));
    const plans = await planStacks(settings, 'terraform', $, { refresh: true, directory });
    expect(plans).toEqual([
      { stack: 'image', json: '{"plan": 1}', text: 'No changes.' },
      { stack: 'cluster', json: '{"plan": 1}', text: 'No changes.' },
    ]);
    expect(calls[0]).toMatchObject({ command: 'node --import tsx main.ts', env: { CDKTF_OUTDIR: directory } });
    const own = calls.filter(({ cwd }) => cwd === join(directory, 'stacks', 'cluster')).map(({ command }) => command);
    expect(own).toEqual([
      'terraform plan -input=false -no-color -lock=false -out=tfplan',
      'terraform show -json -no-color tfplan',
    ]);
  });

  it('makes a new directory ready for Terraform first', async () => {
    const { $, calls } = fakeShell((command, earlier) => {
      if (!command.includes(' plan ') || earlier.some((before) => before.includes(' init '))) return {};
      return { status: 1, stderr: 'Error: Backend initialization required, please run "terraform init"' };
    });
    await planStacks(settings, 'terraform', $, { refresh: true, directory });
    const own = calls.filter(({ cwd }) => cwd.endsWith('image')).map(({ command }) => command.split(' ')[1]);
    expect(own).toEqual(['plan', 'init', 'plan', 'show']);
  });

  it('begins anew where the directory was made for another state', async () => {
    const stale = join(directory, 'stacks', 'cluster', '.terraform');
    mkdirSync(stale, { recursive: true });
    const note = { backend: { config: { path: '/elsewhere/terraform.cluster.tfstate' } } };
    writeFileSync(join(stale, 'terraform.tfstate'), JSON.stringify(note));
    await planStacks(settings, 'terraform', fakeShell(() => ({})).$, { refresh: true, directory });
    expect(existsSync(stale)).toBe(false);
  });

  it('believes the state where Docker cannot be asked', async () => {
    const { $, calls } = fakeShell(() => ({}));
    await planStacks(settings, 'tofu', $, { refresh: false, directory });
    const planned = calls.filter(({ command }) => command.startsWith('tofu plan'));
    expect(planned).toHaveLength(2);
    for (const { command, env } of planned) {
      expect(command).toMatch(/ -refresh=false$/);
      // not the engine that does not answer
      expect(env['DOCKER_HOST']).toMatch(/^unix:\/\/.*docker\.sock$/);
    }
  });

  it('says in one sentence what Terraform has against it, without its warnings', async () => {
    const stderr = [
      '',
      'There are some problems with the CLI configuration:',
      '╷',
      '│ Warning: Unable to open CLI configuration file',
      '│ ',
      '│ The CLI configuration file at "/home/ada/.terraformrc" does not exist.',
      '╵',
      '',
      '╷',
      '│ Error: Instance cannot be destroyed',
      '│ ',
      '│   on cdk.tf.json line 271, in resource.docker_volume.primary_data:',
      '│  271:       }',
      '│ ',
      '│ Resource docker_volume.primary_data has',
      '│ lifecycle.prevent_destroy set.',
      '╵',
    ].join('\n');
    const { $ } = fakeShell((command) => (command.includes(' plan ') ? { status: 1, stderr } : {}));
    await expect(planStacks(settings, 'terraform', $, { refresh: true, directory })).rejects.toThrow(
      /^stack image: terraform plan failed: Error: Instance cannot be destroyed; Resource docker_volume.primary_data has lifecycle.prevent_destroy set$/,
    );
  });

  it('says why the stacks cannot be synthesized', async () => {
    const { $ } = fakeShell((command) =>
      command.startsWith('node') ? { status: 1, stderr: 'image has no Dockerfile' } : {},
    );
    await expect(planStacks(settings, 'terraform', $, { refresh: true, directory })).rejects.toThrow(
      'the stacks cannot be synthesized: image has no Dockerfile',
    );
  });
});
