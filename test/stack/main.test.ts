import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

describe('main.ts', () => {
  let outdir: string;
  beforeEach(() => {
    outdir = mkdtempSync(join(tmpdir(), 'pgraft-main-'));
  });
  afterEach(() => {
    rmSync(outdir, { recursive: true });
  });

  const run = (environment: Record<string, string>) =>
    spawnSync('node', ['--import', 'tsx', 'main.ts'], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], CDKTF_OUTDIR: outdir, ...environment },
    });

  it('synthesizes both stacks of this project', () => {
    const { status, stderr } = run({ PGRAFT_NODES: '5' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(existsSync(join(outdir, 'stacks', 'image', 'cdk.tf.json'))).toBe(true);
    expect(existsSync(join(outdir, 'stacks', 'cluster', 'cdk.tf.json'))).toBe(true);
  });

  it('prints every mistake on a line of its own, exits with 1 and synthesizes nothing', () => {
    const { status, stdout, stderr } = run({ PGRAFT_NODES: 'three', PGRAFT_PREFIX: 'My Cluster' });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^nodes = "three" \(PGRAFT_NODES, environment\): not a number; /),
      expect.stringMatching(/^prefix = "My Cluster" \(PGRAFT_PREFIX, environment\): has capital letters; /),
    ]);
    expect(existsSync(join(outdir, 'manifest.json'))).toBe(false);
  });

  describe('in a directory where Terraform worked before', () => {
    /** What terraform init leaves behind. */
    const initialized = (prefix: string) => {
      const path = join(root, '.pgraft', prefix, 'terraform.cluster.tfstate');
      const directory = join(outdir, 'stacks', 'cluster', '.terraform');
      mkdirSync(directory, { recursive: true });
      writeFileSync(
        join(directory, 'terraform.tfstate'),
        JSON.stringify({ backend: { type: 'local', config: { path } } }),
      );
      return path;
    };

    it('goes on with the same cluster', () => {
      initialized('pgraft');
      expect(run({}).status).toBe(0);
    });

    it('says so when what Terraform noted there is damaged', () => {
      initialized('pgraft');
      const note = join(outdir, 'stacks', 'cluster', '.terraform', 'terraform.tfstate');
      writeFileSync(note, '{');
      const { status, stderr } = run({});
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: `${note} is damaged; remove ${dirname(note)}, which Terraform makes anew and which holds no state\n`,
      });
    });

    it('refuses another cluster, whose servers Terraform would replace', () => {
      const path = initialized('pgraft');
      const { status, stderr } = run({ PGRAFT_PREFIX: 'demo' });
      expect(status).toBe(1);
      expect(stderr).toContain(
        `was used for the state ${path}, and the cluster is now demo; add --output .pgraft/demo/cdktf.out`,
      );
      expect(existsSync(join(outdir, 'manifest.json'))).toBe(false);
    });
  });
});
