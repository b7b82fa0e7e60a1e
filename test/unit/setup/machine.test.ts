import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attempt, isDebianLike, run, which } from '../../../setup/command.mjs';
import { describeFix } from '../../../setup/docker.mjs';
import { mergeEnv, readEnvFile, updateEnvFile } from '../../../setup/env-file.mjs';
import { checkNode, staleReason } from '../../../setup/packages.mjs';
import { registryReachable } from '../../../setup/registry.mjs';
import { duration } from '../../../setup/report.mjs';
import { isOlder } from '../../../setup/requirements.mjs';
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
  const having = (versions: Readonly<Record<string, string>>) => ({
    find: (program: string) => (program in versions ? `/bin/${program}` : undefined),
    ask: async (path: string) => Promise.resolve(versions[path.slice('/bin/'.length)] ?? ''),
  });

  test('is taken when it is there', async () => {
    const finder = having({ terraform: '1.11.4', tofu: '1.10.0' });
    expect(await findTerraform(directory, finder)).toBe('/bin/terraform 1.11.4');
    expect(readEnvFile(directory)).toEqual({});
  });

  test('gives way to OpenTofu, which is remembered and found again', async () => {
    const finder = having({ tofu: '1.10.0' });
    expect(await findTerraform(directory, finder)).toContain('/bin/tofu');
    expect(readEnvFile(directory)).toEqual({ TERRAFORM_BINARY_NAME: 'tofu' });
    expect(await findTerraform(directory, finder)).toBe('/bin/tofu 1.10.0');
    await expect(findTerraform(directory, having({ terraform: '1.11.4' }))).rejects.toThrow(
      /TERRAFORM_BINARY_NAME is tofu.*not on the PATH/,
    );
  });

  test('is asked for when neither is there', async () => {
    await expect(findTerraform(directory, having({}))).rejects.toThrow(
      /neither terraform nor tofu.*install Terraform >= 1\.9\.0/,
    );
  });

  test('is refused, and not remembered, when it is too old', async () => {
    await expect(findTerraform(directory, having({ tofu: '1.8.11' }))).rejects.toThrow(
      /^\/bin\/tofu is version 1\.8\.11, older than 1\.9\.0; install Terraform >= 1\.9\.0/,
    );
    expect(readEnvFile(directory)).toEqual({});
  });

  test.each([
    ['1.9.0', false],
    ['1.10.0', false],
    ['2.0', false],
    ['1.9.0-rc1', false],
    ['1.8.99', true],
    ['0.15.0', true],
  ])('of version %s is older than 1.9.0: %s', (version, older) => {
    expect(isOlder(version, '1.9.0')).toBe(older);
  });
});

describe('a Docker engine that cannot be used', () => {
  const machine = (differs: { host?: string; context?: string; mayInstall?: boolean }) => {
    return { host: undefined, context: 'default', mayInstall: true, ...differs };
  };
  const cannotConnect =
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?';

  test('is ours to start as root on Debian, and only there', () => {
    expect(describeFix(cannotConnect, machine({}))).toBeUndefined();
    expect(describeFix(cannotConnect, machine({ host: '' }))).toBeUndefined();
    expect(describeFix(cannotConnect, machine({ mayInstall: false }))).toContain('start Docker');
  });

  test.each([
    ['permission denied while trying to connect to the Docker daemon socket', {}, 'group docker'],
    [cannotConnect, { host: 'tcp://other:2375' }, 'DOCKER_HOST (tcp://other:2375)'],
    [cannotConnect, { context: 'far-away' }, 'docker context far-away'],
    ['the Docker engine did not answer within 15 s', {}, 'restart it'],
  ])('is never ours to start: %s, %j', (problem, differs, fix) => {
    expect(describeFix(problem, machine(differs))).toContain(fix);
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

describe('the registry', () => {
  /** A Terraform that answers so. */
  function terraform(status: number, says: string): string {
    const program = join(directory, 'terraform');
    writeFileSync(
      program,
      `#!/bin/sh\ngrep -q kreuzwerker/docker main.tf.json || exit 9\ncat <<'END'\n${says}\nEND\nexit ${status}\n`,
    );
    chmodSync(program, 0o755);
    return program;
  }

  test('is reachable where terraform init gets the provider', async () => {
    expect(await registryReachable(terraform(0, 'Terraform has been successfully initialized!'))).toEqual({
      reachable: true,
    });
  });

  test('is out of reach where terraform init cannot connect, and the cause is named', async () => {
    const says = [
      '│ Error: Failed to query available provider packages',
      '│ Could not retrieve the list of available versions for provider',
      '│ kreuzwerker/docker: could not connect to the.registry: failed to',
      '│ request discovery document: Get "https://the.registry/": dial tcp: lookup',
      '│ the.registry on 192.0.2.1:53: no such host',
      '',
      'To see which modules are currently depending on kreuzwerker/docker and what',
    ];
    expect(await registryReachable(terraform(1, says.join('\n')))).toEqual({ reachable: false, why: 'no such host' });
  });

  test('is out of reach for whatever else terraform init says', async () => {
    expect(await registryReachable(terraform(1, 'Error: Invalid provider configuration'))).toEqual({
      reachable: false,
      why: 'Invalid provider configuration',
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
        'checksums',
        'command',
        'daemon',
        'docker',
        'env-file',
        'lock',
        'packages',
        'provider',
        'registry',
        'report',
        'requirements',
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
