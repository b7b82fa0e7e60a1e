/** The embedded provider under a real Terraform and a real engine, one story from the first apply to the destroy. */
import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { docker, Workbench } from './workbench.js';

const one = 'docker_container.server["pgprov-one"]';
const two = 'docker_container.server["pgprov-two"]';
const hookOne = 'terraform_data.hook["pgprov-one"]';
const hookTwo = 'terraform_data.hook["pgprov-two"]';
const replace = ['delete', 'create'];

describe('the embedded provider', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await Workbench.open();
  });

  afterAll(async () => {
    await bench.terraform('destroy', '-auto-approve');
    await docker('rmi', '-f', 'pgprov-terraform:1', 'pgprov-terraform:latest');
    await bench.close();
  });

  test('makes image, network, volumes and running containers in one apply', async () => {
    const output = await bench.apply();

    expect(output).toContain('Apply complete! Resources: 8 added, 0 changed, 0 destroyed.');
    expect(await docker('inspect', '-f', '{{.State.Running}}', 'pgprov-one', 'pgprov-two')).toBe('true\ntrue');
    expect(await docker('exec', 'pgprov-one', 'cat', '/greeting')).toBe('hello');
    // the servers find each other by name
    expect(await docker('exec', 'pgprov-one', 'getent', 'hosts', 'pgprov-two')).toMatch(
      /^\d+\.\d+\.\d+\.\d+\s+pgprov-two/,
    );
  });

  test('has nothing to do in a second plan', async () => {
    expect(await bench.plan()).toEqual([]);
  });

  test('replaces each container when its environment changes, and what hangs on its id', async () => {
    expect(await bench.plan('-var', 'flavour=other')).toEqual([
      { address: one, actions: replace },
      { address: two, actions: replace },
      { address: hookOne, actions: replace },
      { address: hookTwo, actions: replace },
    ]);
  });

  test('changes the memory limit in place, and leaves what hangs on the id', async () => {
    const larger = ['-var', 'memory=96'];
    expect(await bench.plan(...larger)).toEqual([
      { address: one, actions: ['update'] },
      { address: two, actions: ['update'] },
    ]);
    await bench.apply(...larger);
    expect(await docker('inspect', '-f', '{{.HostConfig.Memory}}', 'pgprov-one')).toBe(String(96 * 1024 * 1024));
    await bench.apply();
  });

  test('touches a stopped container in no plan, and would make it anew, as it publishes no ports', async () => {
    await docker('stop', '-t', '10', 'pgprov-one');
    try {
      expect(await bench.plan()).toEqual([
        { address: one, actions: replace },
        { address: hookOne, actions: replace },
      ]);
      expect(await docker('inspect', '-f', '{{.State.Running}}', 'pgprov-one')).toBe('false');
    } finally {
      await docker('start', 'pgprov-one');
    }
    expect(await bench.plan()).toEqual([]);
  });

  test('makes a lost container again, with the data it had', async () => {
    await docker('exec', 'pgprov-two', 'sh', '-c', 'echo precious > /data/row');
    await docker('rm', '-f', 'pgprov-two');

    expect(await bench.plan()).toEqual([
      { address: two, actions: ['create'] },
      { address: hookTwo, actions: replace },
    ]);
    await bench.apply();
    expect(await docker('exec', 'pgprov-two', 'cat', '/data/row')).toBe('precious');
  });

  test('leaves a volume that was made again by hand, without its labels, as it is', async () => {
    await docker('rm', '-f', 'pgprov-two');
    await docker('volume', 'rm', 'pgprov-two-data');
    await docker('volume', 'create', 'pgprov-two-data');

    expect(await bench.plan()).toEqual([
      { address: two, actions: ['create'] },
      { address: hookTwo, actions: replace },
    ]);
    await bench.apply();
    expect(await bench.plan()).toEqual([]);
  });

  test('leaves nothing but the kept image after a destroy', async () => {
    await bench.terraform('destroy', '-auto-approve');

    expect(await docker('ps', '-aq', '--filter', 'label=pgprov=yes')).toBe('');
    expect(await docker('volume', 'ls', '-q', '--filter', 'label=pgprov=yes')).toBe('');
    expect(await docker('network', 'ls', '-q', '--filter', 'label=pgprov=yes')).toBe('');
    expect(await docker('images', '-q', 'pgprov-terraform:1')).not.toBe('');
  });

  test('refuses an attribute that it does not serve, instead of ignoring it', async () => {
    const file = `${bench.directory}/extra.tf`;
    await writeFile(file, 'resource "docker_volume" "extra" {\n  driver_opts = { type = "tmpfs" }\n}\n');
    try {
      await expect(bench.terraform('validate')).rejects.toThrow(/An argument named "driver_opts" is not expected here/);
    } finally {
      await rm(file);
    }
  });
});
