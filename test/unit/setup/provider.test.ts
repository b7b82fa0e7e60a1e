import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readEnvFile, updateEnvFile } from '../../../setup/env-file.mjs';
import { chooseProvider, forgetOtherBuilds, pluginPlace, sourceHash } from '../../../setup/provider.mjs';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgraft-setup-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('where the Docker provider comes from', () => {
  const context = (dockerProvider?: string) => {
    writeFileSync(join(directory, 'cdktf.json'), JSON.stringify({ context: { dockerProvider } }));
  };
  const inReach = async () => Promise.resolve({ reachable: true } as const);
  const outOfReach = async () => Promise.resolve({ reachable: false, why: 'no route' } as const);
  const notAsked = () => {
    throw new Error('the registry was asked');
  };

  test('is what the network allows, and that is remembered', async () => {
    context();
    expect(await chooseProvider(directory, { environment: {}, reachable: inReach })).toMatchObject({
      choice: 'registry',
    });
    expect(readEnvFile(directory)).toEqual({ PGRAFT_DOCKER_PROVIDER: 'registry', CHECKPOINT_DISABLE: '1' });
    expect(await chooseProvider(directory, { environment: {}, reachable: notAsked })).toEqual({
      choice: 'registry',
      because: 'remembered in .env',
    });
  });

  test('is the embedded one where the registry cannot be reached, with what cdktf then needs', async () => {
    expect(await chooseProvider(directory, { environment: {}, reachable: outOfReach })).toEqual({
      choice: 'embedded',
      because: 'the registry cannot be reached: no route',
    });
    expect(readEnvFile(directory)).toEqual({
      PGRAFT_DOCKER_PROVIDER: 'embedded',
      CDKTF_SKIP_PROVIDER_LOCK: 'true',
      CHECKPOINT_DISABLE: '1',
    });
  });

  test.each(['registry', 'embedded'])(
    'is %s when cdktf.json says so, which no remembered answer hides',
    async (choice) => {
      context(choice);
      expect(await chooseProvider(directory, { environment: {}, reachable: notAsked })).toEqual({
        choice,
        because: 'chosen in cdktf.json',
      });
      expect(readEnvFile(directory)).not.toHaveProperty('PGRAFT_DOCKER_PROVIDER');
    },
  );

  test('says when an answer remembered before wins over cdktf.json', async () => {
    updateEnvFile(directory, { PGRAFT_DOCKER_PROVIDER: 'embedded' });
    context('registry');
    expect(await chooseProvider(directory, { environment: {}, reachable: notAsked })).toEqual({
      choice: 'embedded',
      because: 'remembered in .env, which wins over registry in cdktf.json',
    });
  });

  test('is the environment’s choice above all, unless that is empty', async () => {
    context('embedded');
    const environment = { PGRAFT_DOCKER_PROVIDER: 'registry' };
    expect((await chooseProvider(directory, { environment, reachable: notAsked })).choice).toBe('registry');
    environment.PGRAFT_DOCKER_PROVIDER = '';
    expect((await chooseProvider(directory, { environment, reachable: notAsked })).choice).toBe('embedded');
  });

  test('is refused when there is no such provider', async () => {
    context('mine');
    await expect(chooseProvider(directory, { environment: {}, reachable: notAsked })).rejects.toThrow(
      'dockerProvider is "mine" (chosen in cdktf.json); make it registry or embedded',
    );
  });
});

describe('Terraform’s checksums of the embedded provider', () => {
  test('are forgotten for every cluster when another build takes its place, and only then', () => {
    const files = ['cdktf.out/stacks/cluster', 'cdktf.out/stacks/image', '.pgraft/two/cdktf.out/stacks/cluster'].map(
      (stack) => join(directory, stack, '.terraform.lock.hcl'),
    );
    const write = () => {
      for (const file of files) {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, '');
      }
    };
    write();
    forgetOtherBuilds(directory, 'first');
    expect(files.filter((file) => existsSync(file))).toEqual([]);
    write();
    forgetOtherBuilds(directory, 'first');
    expect(files.filter((file) => existsSync(file))).toEqual(files);
    forgetOtherBuilds(directory, 'second');
    expect(files.filter((file) => existsSync(file))).toEqual([]);
  });
});

describe('the embedded provider', () => {
  test('lies where Terraform looks by itself, its stamp outside of what Terraform checks', () => {
    expect(pluginPlace('/home/me', 'pgraft.local/embedded/docker', '3.9.0', 'linux', 'x64')).toEqual({
      program:
        '/home/me/.terraform.d/plugins/pgraft.local/embedded/docker/3.9.0/linux_amd64/terraform-provider-docker_v3.9.0',
      stamp: '/home/me/.terraform.d/plugins/pgraft.local/embedded/docker/3.9.0/linux_amd64.source',
    });
    expect(pluginPlace('/h', 'a/b/c', '1.0.0', 'darwin', 'arm64').program).toContain('/darwin_arm64/');
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
