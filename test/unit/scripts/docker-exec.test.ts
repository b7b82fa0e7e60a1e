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

  it.each([
    ['Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?'],
    ['failed to connect to the docker API at unix:///x.sock; check if the path is correct'],
    ['error during connect: Get "http://x.sock/v1.41/containers/json": EOF'],
  ])('is not asked by an engine that is gone, which no server is to blame for: %s', async (problem) => {
    const failing = mkdtempSync(join(tmpdir(), 'pgraft-docker-'));
    try {
      writeFileSync(join(failing, 'docker'), `#!/bin/sh\necho '${problem}' >&2\nexit 1\n`, { mode: 0o755 });
      const docker = openDocker($({ env: { ...process.env, PATH: `${failing}:${process.env['PATH'] ?? ''}` } }));
      const works: (() => Promise<unknown>)[] = [
        async () => docker.exec('server', ['state'], { deadline: 15_000 }),
        async () => docker.start(['server']),
        async () => docker.stop(['server']),
        async () => docker.objects('pgraft'),
      ];
      for (const work of works) {
        await expect(work()).rejects.toThrow(`Docker does not answer: ${problem}; start Docker, or see "docker info"`);
      }
    } finally {
      rmSync(failing, { recursive: true });
    }
  });
});
