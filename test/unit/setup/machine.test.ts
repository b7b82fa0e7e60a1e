import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attempt, isDebianLike, run, which } from '../../../setup/command.mjs';
import { describeFix } from '../../../setup/docker.mjs';
import { mergeEnv, readEnvFile, updateEnvFile } from '../../../setup/env-file.mjs';
import { checkNode, staleReason } from '../../../setup/packages.mjs';
import { pluginPlace, sourceHash } from '../../../setup/provider.mjs';
import { registryReachable, statusOf } from '../../../setup/registry.mjs';
import { duration } from '../../../setup/report.mjs';
import { findTerraform } from '../../../setup/terraform.mjs';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgraft-setup-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('the Node.js check', () => {
  test.each(['20.19.0', '20.20.2', '22.1.0', '100.0.0'])('accepts %s', (version) => {
    expect(checkNode(version)).toBe(`v${version}`);
  });

  test.each(['18.20.0', '20.18.9', '20.0.0'])('refuses %s and says what to install', (version) => {
    expect(() => checkNode(version)).toThrow(`Node.js ${version} is too old; install Node.js 20.19.0 or newer`);
  });
});

describe('stale npm packages', () => {
  const wanted = {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/other-platform': { version: '1.0.0', integrity: 'sha512-o', optional: true },
  };
  const installed = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };

  test('are none when all that this platform needs is there', () => {
    expect(staleReason(wanted, installed)).toBeUndefined();
  });

  test.each([
    ['nothing is installed yet', undefined],
    ['node_modules/a is missing', {}],
    ['node_modules/a is 0.9.0, not 1.0.0', { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }],
    ['node_modules/b is no longer needed', { ...installed, 'node_modules/b': { version: '1.0.0' } }],
  ])('are noticed: %s', (reason, found) => {
    expect(staleReason(wanted, found)).toBe(reason);
  });

  test('are noticed when only the content differs', () => {
    expect(staleReason(wanted, { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-z' } })).toBeDefined();
  });
});

describe('the .env file', () => {
  test('is made with what is set, and read back', () => {
    updateEnvFile(directory, { PGRAFT_DOCKER_PROVIDER: 'embedded', CHECKPOINT_DISABLE: '1' });
    expect(readEnvFile(directory)).toEqual({ PGRAFT_DOCKER_PROVIDER: 'embedded', CHECKPOINT_DISABLE: '1' });
  });

  test('keeps what others wrote, and changes a value where it stands', () => {
    const text = '# mine\nPGRAFT_NODES=5\nexport PGRAFT_DOCKER_PROVIDER=registry\nX=1';
    expect(mergeEnv(text, { PGRAFT_DOCKER_PROVIDER: 'embedded', NEW: 'a' })).toBe(
      '# mine\nPGRAFT_NODES=5\nPGRAFT_DOCKER_PROVIDER=embedded\nX=1\nNEW=a\n',
    );
  });

  test('is not written again when nothing changes', () => {
    const text = mergeEnv('', { A: '1' });
    expect(mergeEnv(text, { A: '1' })).toBe(text);
  });

  test('is empty when there is none', () => {
    expect(readEnvFile(directory)).toEqual({});
  });
});

describe('Terraform', () => {
  const only =
    (...programs: string[]) =>
    (program: string) =>
      programs.includes(program) ? `/bin/${program}` : undefined;

  test('is taken when it is there', () => {
    expect(findTerraform(directory, only('terraform', 'tofu'))).toBe('/bin/terraform');
    expect(readEnvFile(directory)).toEqual({});
  });

  test('gives way to OpenTofu, which is remembered and found again', () => {
    expect(findTerraform(directory, only('tofu'))).toContain('/bin/tofu');
    expect(readEnvFile(directory)).toEqual({ TERRAFORM_BINARY_NAME: 'tofu' });
    expect(findTerraform(directory, only('tofu'))).toBe('/bin/tofu');
    expect(() => findTerraform(directory, only('terraform'))).toThrow(/TERRAFORM_BINARY_NAME is tofu.*not on the PATH/);
  });

  test('is asked for when neither is there', () => {
    expect(() => findTerraform(directory, only())).toThrow(/neither terraform nor tofu.*install Terraform/);
  });
});

describe('a Docker engine that cannot be used', () => {
  const cannotConnect =
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?';

  test('is ours to start as root on Debian, and only there', () => {
    expect(describeFix(cannotConnect, undefined, true)).toBeUndefined();
    expect(describeFix(cannotConnect, '', true)).toBeUndefined();
    expect(describeFix(cannotConnect, undefined, false)).toContain('start Docker');
  });

  test.each([
    ['permission denied while trying to connect to the Docker daemon socket', undefined, 'group docker'],
    [cannotConnect, 'tcp://other:2375', 'DOCKER_HOST (tcp://other:2375)'],
    ['the Docker engine did not answer within 15 s', undefined, 'restart it'],
  ])('is never ours to start: %s', (problem, host, fix) => {
    expect(describeFix(problem, host, true)).toContain(fix);
  });

  test.each([
    ['PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n', true],
    ['ID="ubuntu"\nID_LIKE=debian\n', true],
    ['ID=fedora\n', false],
    ['ID_LIKE=debian\nID=mint\n', false],
    ['', false],
  ])('is installed with apt only on Debian and Ubuntu: %j', (release, expected) => {
    expect(isDebianLike(release)).toBe(expected);
  });
});

describe('the embedded provider', () => {
  test('lies where Terraform looks by itself, its stamp outside of what Terraform checks', () => {
    expect(pluginPlace('/home/me', '3.9.0', 'linux', 'x64')).toEqual({
      program:
        '/home/me/.terraform.d/plugins/pgraft.local/embedded/docker/3.9.0/linux_amd64/terraform-provider-docker_v3.9.0',
      stamp: '/home/me/.terraform.d/plugins/pgraft.local/embedded/docker/3.9.0/linux_amd64.source',
    });
    expect(pluginPlace('/h', '1.0.0', 'darwin', 'arm64').program).toContain('/darwin_arm64/');
  });

  test('is stale when its code changes, not when its tests do', () => {
    mkdirSync(join(directory, 'internal'));
    const write = (file: string, content: string) => {
      writeFileSync(join(directory, file), content);
    };
    write('go.mod', 'module x');
    write('internal/a.go', 'package a');
    const before = sourceHash(directory);

    write('internal/a_test.go', 'package a');
    write('README.md', 'text');
    expect(sourceHash(directory)).toBe(before);
    write('internal/a.go', 'package b');
    const changed = sourceHash(directory);
    expect(changed).not.toBe(before);
    write('internal/b.go', '');
    expect(sourceHash(directory)).not.toBe(changed);
  });
});

describe('the registry', () => {
  let server: Server;
  let status = 200;
  let address: string;

  beforeEach(async () => {
    server = createServer((_request, response) => response.writeHead(status).end('{}'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.close();
  });

  test('is asked for a document', async () => {
    status = 200;
    expect(await statusOf(`${address}/.well-known/terraform.json`)).toBe(200);
    status = 503;
    expect(await statusOf(address)).toBe(503);
  });

  test('is out of reach behind a proxy that does not connect', async () => {
    const { port } = new URL(address);
    server.on('connect', (_request, socket) => {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
    expect(await registryReachable('terraform', { HTTPS_PROXY: `http://127.0.0.1:${port}` })).toEqual({
      reachable: false,
      why: 'the proxy answered with status 403',
    });
  });
});

describe('commands', () => {
  test('are found on the PATH when they can be run', () => {
    const program = join(directory, 'tool');
    writeFileSync(program, '#!/bin/sh\n');
    expect(which('tool', directory)).toBeUndefined();
    chmodSync(program, 0o755);
    expect(which('tool', `/nowhere::${directory}`)).toBe(program);
    expect(which(program)).toBe(program);
  });

  test('are ended at the deadline', async () => {
    const outcome = await attempt('sh', ['-c', 'echo begun; sleep 60'], { seconds: 0.3 });
    expect(outcome).toMatchObject({ code: null, timedOut: true, stdout: 'begun\n' });
  });

  test('are ended with their children, which would hold the output open', async () => {
    const begun = Date.now();
    await attempt('sh', ['-c', 'sleep 60 & wait'], { seconds: 0.3 });
    expect(Date.now() - begun).toBeLessThan(10_000);
  });

  test('that fail say how, show their last words and the fix', async () => {
    const failing = run('sh', ['-c', 'echo it broke >&2; exit 3'], { seconds: 5, fix: 'mend it' });
    await expect(failing).rejects.toThrow(/ended with status 3:\n {4}it broke\n.*mend it/);
    const slow = run('sleep', ['60'], { seconds: 0.2, fix: 'hurry' });
    await expect(slow).rejects.toThrow('`sleep 60` did not end within 0.2 s; hurry');
  });
});

describe('setup.mjs', () => {
  test('has no dependencies, since it runs before npm ci', () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    const modules = [
      'setup.mjs',
      ...[
        'base-image',
        'command',
        'docker',
        'env-file',
        'lock',
        'packages',
        'provider',
        'registry',
        'report',
        'terraform',
      ].map((name) => `setup/${name}.mjs`),
    ];
    for (const module of modules) {
      const imports = [...readFileSync(join(root, module), 'utf8').matchAll(/^import .*?from '([^']+)';$/gms)].map(
        (found) => found[1],
      );
      expect(
        imports.filter((name) => !/^(node:|\.\/)/.test(name ?? '')),
        module,
      ).toEqual([]);
    }
  });

  test('prints times as people read them', () => {
    expect([duration(4.4), duration(999), duration(1000), duration(61_234)]).toEqual([
      '4 ms',
      '999 ms',
      '1.0 s',
      '61.2 s',
    ]);
  });
});
