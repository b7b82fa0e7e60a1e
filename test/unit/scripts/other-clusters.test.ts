import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { otherClusters } from '../../../scripts/kit/other-clusters.js';

const one = (type: string, name: string) => ({ type, name: 'x', instances: [{ attributes: { id: name, name } }] });

describe('otherClusters', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pgraft-others-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const state = (prefix: string, text: string) => {
    mkdirSync(join(root, '.pgraft', prefix), { recursive: true });
    writeFileSync(join(root, '.pgraft', prefix, 'terraform.cluster.tfstate'), text);
  };

  it('are those that Terraform still has something of', async () => {
    const resources = [one('docker_container', 'shop-primary'), one('docker_volume', 'shop-primary-data')];
    state('shop', JSON.stringify({ version: 4, resources }));
    state('pgraft', JSON.stringify({ version: 4, resources: [one('docker_container', 'pgraft-primary')] }));
    state('gone', JSON.stringify({ version: 4, resources: [] }));
    mkdirSync(join(root, '.pgraft', 'empty'));
    expect(await otherClusters('pgraft', root)).toEqual([
      { prefix: 'shop', servers: ['shop-primary'], volumes: ['shop-primary-data'] },
    ]);
  });

  it('are none where nothing was ever deployed', async () => {
    expect(await otherClusters('pgraft', root)).toEqual([]);
  });
});
