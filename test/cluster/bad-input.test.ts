import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import type { Ended } from '../support/shell.js';

describe('bad input is refused before anything is created:', () => {
  let project: ClusterProject;
  const { postgres, raft } = { postgres: 'PGRAFT_POSTGRES_PORT', raft: 'PGRAFT_RAFT_PORT' };

  beforeAll(async () => {
    project = await ClusterProject.open();
  });
  afterEach(async () => {
    expect(await project.objects()).toEqual([]);
    // no state, no secrets: under whatever prefix
    expect(existsSync(join(project.directory, '.pgraft'))).toBe(false);
  });
  afterAll(async () => {
    await project.close();
  });

  /** Exit status 1, and a message with all of `parts` that is a sentence, not a stack. */
  function expectRefusal(ended: Ended, parts: readonly string[]): void {
    expect(ended.status, ended.output).toBe(1);
    for (const part of parts) expect(ended.output).toContain(part);
    expect(ended.output).not.toMatch(/^\s+at .+:\d+:\d+/m);
  }

  const long = 'p'.repeat(70);
  const settings: readonly [variable: string, value: string, cause: string, fix: string][] = [
    ['PGRAFT_NODES', '0', 'below 1', 'choose the number of servers, a whole number from 1 to 9'],
    ['PGRAFT_NODES', '10', 'above 9', 'choose the number of servers, a whole number from 1 to 9'],
    ['PGRAFT_NODES', 'three', 'not a number', 'choose the number of servers, a whole number from 1 to 9'],
    ['PGRAFT_NODES', '2.5', 'not whole', 'choose the number of servers, a whole number from 1 to 9'],
    ['PGRAFT_PREFIX', 'MyCluster', 'has capital letters', 'use small letters, digits and "-"'],
    ['PGRAFT_PREFIX', 'my cluster', 'has a space', 'use small letters, digits and "-"'],
    ['PGRAFT_PREFIX', long, '70 characters, and host names have room for 54', 'choose a shorter one'],
    [postgres, '0', 'below 1', 'choose a port, a whole number from 1 to 65535'],
    [postgres, '65536', 'above 65535', 'choose a port, a whole number from 1 to 65535'],
    [postgres, '65534', '3 servers would need ports up to 65536', 'choose at most 65533'],
    [raft, '0', 'below 1', 'choose a port, a whole number from 1 to 65535'],
    [raft, '65536', 'above 65535', 'choose a port, a whole number from 1 to 65535'],
  ];

  it.each(settings)('npm start with %s=%s', async (variable, value, cause, fix) => {
    expectRefusal(await project.start({ [variable]: value }), [variable, value, cause, fix]);
  });

  it('npm start with a variable that does not exist', async () => {
    const ended = await project.start({ PGRAFT_NODE: '3' });
    expectRefusal(ended, ['PGRAFT_NODE (environment): no such variable', 'unset it, or choose one of PGRAFT_NODES']);
  });

  it('npm start with ranges of ports that overlap', async () => {
    const first = project.ports.postgres;
    const ended = await project.start({ [raft]: String(first + 2) });
    const ranges = `${first + 2}-${first + 4} overlaps postgresPort's ${first}-${first + 2}`;
    expectRefusal(ended, [raft, ranges, 'choose ports at least 3 apart']);
  });

  it('cdktf deploy by hand, with all mistakes at once', async () => {
    project.configure({ nodes: 2.5, memory: 'much' });
    try {
      const ended = await project.cdktf('deploy', '*', '--auto-approve');
      expectRefusal(ended, ['nodes = 2.5 (context of cdktf.json): not whole', 'memory = "much"', 'not a number']);
    } finally {
      project.configure({});
    }
  });

  it.each(['postgres', 'raft'] as const)('npm start with a port for %s in use', async (use) => {
    const port = project.ports[use] + 1;
    const listener = await listen(port);
    try {
      const variable = { postgres, raft }[use];
      const who = `process ${process.pid}`;
      expectRefusal(await project.start(), [`port ${port}`, project.container('replica1'), who, variable]);
    } finally {
      await new Promise((resolve) => listener.close(resolve));
    }
  });

  it('npm start with Docker not running', async () => {
    const ended = await project.start({ DOCKER_HOST: 'unix:///nowhere/docker.sock' });
    expectRefusal(ended, ['Docker does not answer', 'unix:///nowhere/docker.sock', 'start Docker']);
  });

  it('npm start without Terraform on the PATH', async () => {
    const PATH = pathWith(['node', 'docker', 'sh', 'bash']);
    try {
      expectRefusal(await project.start({ PATH }), ['no Terraform on the PATH', 'install Terraform']);
    } finally {
      rmSync(PATH, { recursive: true });
    }
  });

  it('npm start with a chosen Terraform that does not exist', async () => {
    const ended = await project.start({ TERRAFORM_BINARY_NAME: 'terraform-of-mine' });
    expectRefusal(ended, ['TERRAFORM_BINARY_NAME is terraform-of-mine', 'unset it or install that']);
  });
});

async function listen(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      resolve(server);
    });
  });
}

/** A directory with links to those programs and nothing else. */
function pathWith(programs: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'pgtest-path-'));
  for (const program of programs) {
    const places = (process.env['PATH'] ?? '').split(':').map((place) => join(place, program));
    const found = places.find((place) => existsSync(place));
    if (found === undefined) throw new Error(`${program} is not on the PATH`);
    symlinkSync(found, join(directory, program));
  }
  return directory;
}
