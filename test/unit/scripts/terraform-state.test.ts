import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployedIds, foreignObjects } from '../../../scripts/kit/terraform-state.js';
import { fakeClock } from './fakes.js';

describe('deployedIds', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-state-'));
    path = join(directory, 'terraform.cluster.tfstate');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('are those of Docker objects, hooks left out', async () => {
    const instance = (id: string | null) => ({ schema_version: 2, attributes: { id, name: 'any' } });
    const resources = [
      { mode: 'managed', type: 'docker_container', name: 'primary', instances: [instance('c1'), instance('c2')] },
      { mode: 'managed', type: 'docker_volume', name: 'primary_data', instances: [instance('pgraft-primary-data')] },
      { mode: 'managed', type: 'docker_network', name: 'network', instances: [instance(null)] },
      { mode: 'managed', type: 'terraform_data', name: 'leave1', instances: [instance('7f')] },
    ];
    writeFileSync(path, JSON.stringify({ version: 4, serial: 9, resources }));
    expect(await deployedIds(path)).toEqual(new Set(['c1', 'c2', 'pgraft-primary-data']));
  });

  it('are none without a state, and after a destroy', async () => {
    expect(await deployedIds(path)).toEqual(new Set());
    writeFileSync(path, JSON.stringify({ version: 4, resources: [] }));
    expect(await deployedIds(path)).toEqual(new Set());
  });

  it('are none while the first deploy of all has only locked its state', async () => {
    writeFileSync(path, '');
    expect(await deployedIds(path, fakeClock())).toEqual(new Set());
  });

  it('are not taken for none while a later one writes', async () => {
    writeFileSync(path, '');
    writeFileSync(`${path}.backup`, '{"resources": []}');
    await expect(deployedIds(path, fakeClock())).rejects.toThrow('waited 2s for a whole Terraform state');
  });

  it.each(['{', '{"resources": [{}]}'])('are not guessed from a damaged state: %j', async (text) => {
    writeFileSync(path, text);
    await expect(deployedIds(path, fakeClock())).rejects.toThrow(`${path} is damaged`);
  });

  it('are read once Terraform has written the state to its end', async () => {
    const whole = JSON.stringify({
      resources: [{ type: 'docker_network', instances: [{ attributes: { id: 'n1' } }] }],
    });
    writeFileSync(path, whole.slice(0, 20));
    const clock = fakeClock();
    const sleep = async (ms: number) => {
      writeFileSync(path, whole);
      return clock.sleep(ms);
    };
    expect(await deployedIds(path, { ...clock, sleep })).toEqual(new Set(['n1']));
  });
});

describe('foreignObjects', () => {
  const object = (type: string, name: string) => ({ type, name, id: `id of ${name}` });

  it('are none in the state of the cluster itself, whose image all clusters share', () => {
    const own = [
      object('docker_container', 'pgraft-primary'),
      object('docker_volume', 'pgraft-primary-data'),
      object('docker_image', 'postgres-pgraft:17-0a1b2c3d4e5f'),
    ];
    expect(foreignObjects(own, 'pgraft')).toEqual([]);
  });

  it('are those of another cluster, and what no stack of ours declares', () => {
    const others = [object('docker_container', 'shop-primary'), object('aws_instance', '')];
    expect(foreignObjects(others, 'pgraft')).toEqual(['docker_container shop-primary', 'aws_instance id of ']);
  });
});
