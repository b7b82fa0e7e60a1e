import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { $ } from '../../../scripts/kit/shell.js';
import { openDocker } from '../../../scripts/live/docker.js';

describe('a command in a container', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-docker-'));
    const program = join(directory, 'docker');
    writeFileSync(program, '#!/bin/sh\necho "$@"\nexec cat\n');
    chmodSync(program, 0o755);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it.each(['', 'a = 1\n'])('reads %j and then the end of its input', async (input) => {
    const path = `${directory}:${process.env['PATH'] ?? ''}`;
    const docker = openDocker($({ env: { ...process.env, PATH: path } }));
    const outcome = await docker.exec('server', ['settings'], { input, deadline: 15_000 });
    expect(outcome).toEqual({ ok: true, stdout: `exec --interactive server settings\n${input}`, problem: '' });
  });
});
