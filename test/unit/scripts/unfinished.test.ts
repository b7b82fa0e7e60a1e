import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NamedObject } from '../../../scripts/kit/guards.js';
import type { Shell } from '../../../scripts/kit/shell.js';
import { forgetDeploy, isUnfinished, noteDeploy, removeLeftovers } from '../../../scripts/kit/unfinished.js';

describe('the note of an unfinished deploy', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-unfinished-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('is there from the beginning of a deploy until it has ended well', () => {
    expect(isUnfinished('pgraft', directory)).toBe(false);
    noteDeploy('pgraft', directory);
    noteDeploy('pgraft', directory);
    expect(isUnfinished('pgraft', directory)).toBe(true);
    forgetDeploy('pgraft', directory);
    forgetDeploy('pgraft', directory);
    expect(isUnfinished('pgraft', directory)).toBe(false);
  });
});

describe('removeLeftovers', () => {
  const object = (kind: NamedObject['kind'], id: string): NamedObject => ({ kind, name: id, id, cluster: 'pgraft' });
  const all = [object('network', 'n1'), object('volume', 'v1'), object('container', 'c1'), object('container', 'c2')];

  /** A docker that knows c1 as never started, and notes what it is told to remove. */
  function fakeShell(): { shell: Shell; removed: string[] } {
    const removed: string[] = [];
    const run = (parts: TemplateStringsArray, ...values: (string | readonly string[])[]) => {
      const line = parts.map((part, index) => part + [values[index] ?? ''].flat().join(' ')).join('');
      if (line.includes(' rm ')) removed.push(line);
      return Promise.resolve({ stdout: line.includes('status=created') ? 'c1\n' : '' });
    };
    return { shell: (() => run) as unknown as Shell, removed };
  }

  it('never takes a container that was started, and never uses force', async () => {
    const { shell, removed } = fakeShell();
    await removeLeftovers(all, ['container', 'volume', 'network'], shell);
    expect(removed).toEqual(['docker container rm c1', 'docker volume rm v1', 'docker network rm n1']);
  });

  it('leaves volumes alone unless they are asked for', async () => {
    const { shell, removed } = fakeShell();
    await removeLeftovers(all, ['container', 'network'], shell);
    expect(removed).toEqual(['docker container rm c1', 'docker network rm n1']);
  });
});
