import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { beginFirstDeploy, finishFirstDeploy, forgetFirstDeploy } from '../../../scripts/kit/first-deploy.js';
import type { Shell } from '../../../scripts/kit/shell.js';
import { sweepFirstDeploy } from '../../../scripts/steps/sweep.js';

/** No cluster is called that, so its directory holds nothing but the record that these tests make. */
const prefix = 'unit-test-sweep';

describe('sweepFirstDeploy', () => {
  const states: Readonly<Record<string, string>> = { waiting: 'none', formed: 'consumed' };

  /** A docker with a container that waits for data, one of a formed cluster, one never started, a volume and a network. */
  function fakeShell(): { shell: Shell; removed: string[] } {
    const removed: string[] = [];
    const run = (parts: TemplateStringsArray, ...values: (string | readonly string[])[]) => {
      const line = parts.map((part, index) => part + [values[index] ?? ''].flat().join(' ')).join('');
      if (line.includes(' rm ')) removed.push(line);
      const ok = { exitCode: 0, signal: null, stderr: '', duration: 1 };
      const output = {
        ...ok,
        stdout: answer(line),
        ...(line.includes('exec') && line.includes('idle') && { exitCode: 1 }),
      };
      return Object.assign(Promise.resolve(output), { stdin: new PassThrough() });
    };
    return { shell: (() => run) as unknown as Shell, removed };
  }

  function answer(line: string): string {
    const row = (...names: string[]) => names.map((name) => `${name}\t${name}\t${prefix}\n`).join('');
    if (line.includes('status=created')) return 'idle\n';
    if (line.startsWith('docker ps')) return row('waiting', 'formed', 'idle');
    if (line.startsWith('docker network ls')) return row('network');
    if (line.startsWith('docker volume ls')) return row('volume');
    const name = Object.keys(states).find((container) => line.includes(` ${container} `));
    return name === undefined
      ? ''
      : `data=none\nraft=none\nincarnation=none\nconfigured=no\nformation=${states[name] ?? ''}\nphase=waiting\n`;
  }

  afterEach(() => {
    forgetFirstDeploy(prefix);
  });

  it('takes containers that never were part of a cluster, and on a deploy no volume', async () => {
    beginFirstDeploy(prefix);
    const { shell, removed } = fakeShell();
    await sweepFirstDeploy(prefix, ['container', 'network'], shell);
    expect(removed).toEqual([
      'docker container rm --force waiting',
      'docker container rm idle',
      'docker network rm network',
    ]);
  });

  it('does nothing once the cluster has formed, nor where no deploy has begun', async () => {
    const { shell, removed } = fakeShell();
    await sweepFirstDeploy(prefix, ['container', 'volume', 'network'], shell);
    beginFirstDeploy(prefix);
    finishFirstDeploy(prefix);
    await sweepFirstDeploy(prefix, ['container', 'volume', 'network'], shell);
    expect(removed).toEqual([]);
  });
});
