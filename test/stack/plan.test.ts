/** The command npm run plan, with a Terraform and a Docker that are played by two small scripts. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deployed, plansOf, type Drift, type World } from '../unit/review/worlds.js';

const root = join(import.meta.dirname, '..', '..');
const prefix = 'unit-test-plan';
const world: World = { ...deployed, prefix };
const states = join(root, '.pgraft', prefix);

/** Plans what lies in $PLANS, by the name of the stack's directory; writes down what it was asked. */
const terraform = `#!/bin/sh
echo "$(basename "$PWD") $*" >> "$PLANS/calls"
case "$1" in
    plan) test -e "$PLANS/broken" && { echo "Error: told to fail" >&2; exit 1; }; echo "Terraform will perform the following actions:" ;;
    show) cat "$PLANS/$(basename "$PWD").json" ;;
esac
`;
const docker = `#!/bin/sh
echo "Cannot connect to the Docker daemon" >&2
exit 1
`;

describe('npm run plan', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-plan-'));
    for (const [name, text] of Object.entries({ terraform, docker })) {
      writeFileSync(join(directory, name), text);
      chmodSync(join(directory, name), 0o755);
    }
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
    rmSync(states, { recursive: true, force: true });
  });

  const run = (before: World | undefined, after: World, args: readonly string[] = [], drift: Drift = {}) => {
    const plans = plansOf(before, after, drift);
    for (const stack of ['image', 'cluster'] as const) {
      writeFileSync(join(directory, `${stack}.json`), plans[stack]);
    }
    return spawnSync('node', ['--import', 'tsx', 'scripts/plan.ts', ...args], {
      cwd: root,
      encoding: 'utf8',
      env: {
        HOME: process.env['HOME'],
        PATH: `${directory}:${process.env['PATH'] ?? ''}`,
        PLANS: directory,
        PGRAFT_PREFIX: prefix,
        PGRAFT_NODES: String(after.nodes),
        TERRAFORM_BINARY_NAME: 'terraform',
      },
    });
  };
  const file = () => join(directory, 'plan.md');

  it('ends with 0 where nothing changes, and has locked nothing', () => {
    const { status, stdout, stderr } = run(world, world);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('**No change**');
    const calls = readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');
    expect(calls.sort()).toEqual(
      ['cluster', 'image'].flatMap((stack) => [
        `${stack} plan -input=false -no-color -lock=false -out=tfplan -refresh=false`,
        `${stack} show -json -no-color tfplan`,
      ]),
    );
  });

  it('ends with 2 where something does, in a comment, in JSON and on the terminal', () => {
    const { status, stdout } = run(world, { ...world, nodes: 5 }, ['--json', '--markdown', file()]);
    expect(status).toBe(2);
    const review = JSON.parse(stdout) as { level: string; cluster: string; unknown: string[] };
    expect(review).toMatchObject({ level: 'careful', cluster: prefix });
    expect(review.unknown[0]).toContain('Cannot connect to the Docker daemon');
    const comment = readFileSync(file(), 'utf8');
    expect(comment).toMatch(new RegExp(`^<!-- pgraft-plan: ${prefix} -->\n`));
    expect(comment).toContain('grows from 3 to 5 servers');
    expect(comment).toContain("<summary>Terraform's plan of stack cluster</summary>");
  });

  it('ends with 3 where data would be lost', () => {
    const { status, stdout } = run(world, { ...world, volumeLabel: 'payments' });
    expect(status).toBe(3);
    expect(stdout).toContain('**Dangerous**');
  });

  const broken: readonly (readonly [string, string, string])[] = [
    ['is damaged', '{"version": 4, "resour', 'is damaged; put '],
    [
      'is of another cluster',
      '{"version": 4, "resources": [{"type": "docker_volume", "instances": [{"attributes": {"id": "s", "name": "shop-data"}}]}]}',
      'it has docker_volume shop-data. A deploy would remove that.',
    ],
  ];
  it.each(broken)('ends with 1 where the state %s, and says so in the comment, too', (_, text, cause) => {
    mkdirSync(states, { recursive: true });
    writeFileSync(join(states, 'terraform.cluster.tfstate'), text);
    const { status, stderr } = run(world, world, ['--markdown', file()]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(cause);
    const comment = readFileSync(file(), 'utf8');
    expect(comment).toContain('**Error**');
    expect(comment).toContain(cause);
    expect(readFileSync(join(states, 'terraform.cluster.tfstate'), 'utf8')).toBe(text);
  });

  it('ends with 1 where Terraform fails, with its reason', () => {
    writeFileSync(join(directory, 'broken'), '');
    const { status, stderr } = run(world, world);
    expect(status).toBe(1);
    expect(stderr).toContain('terraform plan failed: Error: told to fail');
  });

  it('ends with 1 where a setting is wrong, and replaces the comment of an earlier plan', () => {
    const { status, stderr } = run(world, { ...world, nodes: 12 }, ['--markdown', file()]);
    expect(status).toBe(1);
    expect(stderr).toContain('nodes = "12"');
    expect(readFileSync(file(), 'utf8')).toContain('above 9');
  });
});
