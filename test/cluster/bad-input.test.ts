import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { stackTrace, type Ended } from '../support/shell.js';

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
    expect(ended.output).not.toMatch(stackTrace);
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

  it.each(['status', 'destroy', 'switchover', 'maintain', 'rotate-key', 'drill', 'recover', 'logs', 'psql', 'url'])(
    'npm run %s with Docker not running',
    async (command) => {
      const args = { destroy: ['--yes'], maintain: ['replica1'] }[command] ?? [];
      const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
      const ended = await project.run('node', ['--import', 'tsx', `scripts/${command}.ts`, ...args], { env });
      expectRefusal(ended, ['Docker does not answer', 'unix:///nowhere/docker.sock', 'start Docker']);
      rmSync(join(project.directory, '.pgraft'), { recursive: true, force: true });
    },
  );

  it('npm start by a user who has no right to use Docker', async () => {
    const { directory, close } = await closedSocket();
    try {
      chmodSync(project.directory, 0o755);
      const env = { DOCKER_HOST: `unix://${join(directory, 'docker.sock')}`, HOME: directory };
      const ended = await project.start(env, unprivileged);
      expectRefusal(ended, ['no right to use Docker: permission denied', 'run as a user who may', 'group docker']);
      expect(ended.output).not.toContain('start Docker');
    } finally {
      await close();
    }
  });

  it('npm start with a memory limit above all memory', async () => {
    const ended = await project.start({ PGRAFT_MEMORY: '1048576' });
    expectRefusal(ended, ['memory = 1048576 MiB', 'more than the', 'choose a smaller PGRAFT_MEMORY']);
  });

  it('cdktf deploy by hand with a memory limit above all memory', async () => {
    project.configure({ memory: 1048576 });
    try {
      const deploy = "node_modules/.bin/cdktf deploy '*' --auto-approve";
      // as README says for the first deploy
      const ended = await project.run('sh', ['-c', `[ ! -f .env ] || { set -a; . ./.env; }; exec ${deploy}`], {
        env: { CI: 'true' },
      });
      expectRefusal(ended, ['nothing was created: memory = 1048576 MiB', 'choose a smaller PGRAFT_MEMORY']);
    } finally {
      project.configure({});
      // the image was there, and Terraform has noted that; of the cluster there is nothing, which afterEach looks at
      rmSync(join(project.directory, '.pgraft'), { recursive: true, force: true });
    }
  });

  it.each([
    // nothing is ever free on /proc
    [
      'disk',
      'DockerRootDir',
      '"/proc"',
      ['/proc, where Docker keeps', 'has 0 MiB free, and 768 MiB', 'make room there'],
    ],
    [
      'memory',
      'MemTotal',
      String(299 * 1024 ** 2),
      ['has 299 MiB of memory', '3 new servers need 300 MiB', 'PGRAFT_NODES'],
    ],
  ])('npm start with too little %s', async (_, field, value, parts) => {
    const PATH = `${pathWithDockerInfo(field, value)}:${process.env['PATH'] ?? ''}`;
    try {
      expectRefusal(await project.start({ PATH }), parts);
    } finally {
      rmSync(PATH.slice(0, PATH.indexOf(':')), { recursive: true });
    }
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

/** Root may open every socket, so it becomes somebody else. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** A directory with docker.sock, which nobody but root may open. */
async function closedSocket(): Promise<{ directory: string; close: () => Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'pgtest-socket-'));
  chmodSync(directory, 0o755);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'docker.sock'), resolve));
  chmodSync(join(directory, 'docker.sock'), 0);
  const close = async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(directory, { recursive: true });
  };
  return { directory, close };
}

/** A directory with a docker that is the real one, but for one field of `docker info`. */
function pathWithDockerInfo(field: string, value: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'pgtest-path-'));
  const real = programOnPath('docker');
  const script = `#!/bin/sh
[ "$1" = info ] || exec '${real}' "$@"
'${real}' "$@" | sed -E 's#"${field}":("[^"]*"|[0-9]+)#"${field}":${value}#'
`;
  writeFileSync(join(directory, 'docker'), script, { mode: 0o755 });
  return directory;
}

/** A directory with links to those programs and nothing else. */
function pathWith(programs: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), 'pgtest-path-'));
  for (const program of programs) symlinkSync(programOnPath(program), join(directory, program));
  return directory;
}

function programOnPath(program: string): string {
  const places = (process.env['PATH'] ?? '').split(':').map((place) => join(place, program));
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new Error(`${program} is not on the PATH`);
  return found;
}
