import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployedIds } from '../../../scripts/kit/terraform-state.js';

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

  it('are those of Docker objects, hooks left out', () => {
    const instance = (id: string | null) => ({ schema_version: 2, attributes: { id, name: 'any' } });
    const resources = [
      { mode: 'managed', type: 'docker_container', name: 'primary', instances: [instance('c1'), instance('c2')] },
      { mode: 'managed', type: 'docker_volume', name: 'primary_data', instances: [instance('pgraft-primary-data')] },
      { mode: 'managed', type: 'docker_network', name: 'network', instances: [instance(null)] },
      { mode: 'managed', type: 'terraform_data', name: 'leave1', instances: [instance('7f')] },
    ];
    writeFileSync(path, JSON.stringify({ version: 4, serial: 9, resources }));
    expect(deployedIds(path)).toEqual(new Set(['c1', 'c2', 'pgraft-primary-data']));
  });

  it('are none without a state, and after a destroy', () => {
    expect(deployedIds(path)).toEqual(new Set());
    writeFileSync(path, JSON.stringify({ version: 4, resources: [] }));
    expect(deployedIds(path)).toEqual(new Set());
  });

  it.each(['', '{"resources": [{}]}'])('are not guessed from a damaged state: %j', (text) => {
    writeFileSync(path, text);
    expect(() => deployedIds(path)).toThrow(`${path} is damaged`);
  });
});
