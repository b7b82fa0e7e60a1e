/**
 * What `npm run plan` says against real Terraform and Docker, of what changes.test.ts does not do: it holds every change that it makes
 * against its plan.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Review } from '../../scripts/review/review.js';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { eventually } from '../support/eventually.js';
import { untruths } from '../support/plan-truth.js';
import { planAndDeploy, type Applied } from '../support/planned.js';
import { docker, type Ended } from '../support/shell.js';

const steady = { nodes: 2, memory: 512 };
const names = ['primary', 'replica1'];

describe('npm run plan', () => {
  let project: ClusterProject;

  beforeAll(async () => {
    project = await ClusterProject.open(steady);
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  const containers = () => names.map((name) => project.container(name));
  async function comesTrue(of: ClusterProject, deploy: () => Promise<Ended>): Promise<Applied> {
    const applied = await planAndDeploy(of, deploy);
    expect(untruths(applied.review, applied.happened)).toEqual([]);
    return applied;
  }
  const byCdktf = async () => project.cdktf('deploy', '*', '--auto-approve');

  /** The plan of the settings as they are, which must have that status. */
  async function planned(status: number, env: Readonly<Record<string, string>> = {}): Promise<Review> {
    const args = ['run', '--silent', 'plan', '--', '--json'];
    const ended = await project.run('npm', args, { env });
    expect(ended.status, ended.output).toBe(status);
    return JSON.parse(ended.stdout) as Review;
  }

  it('tells the truth of a first deploy', async () => {
    const { status, review } = await comesTrue(project, async () => project.start());
    expect({ status, level: review.level }).toEqual({ status: 2, level: 'safe' });
    expect(review.verdict).toBe(`creates cluster ${project.prefix} with 2 servers; nothing that exists is changed.`);
  });

  it('writes a comment for a pull request without a secret in it, below 60 kB', async () => {
    project.configure({ ...steady, nodes: 9, postgresSettings: { 'app.api_key': 'k3y', shared_buffers: '64MB' } });
    const ended = await project.npm('plan', '--markdown', 'plan.md');
    expect(ended.status, ended.output).toBe(2);
    const text = readFileSync(join(project.directory, 'plan.md'), 'utf8');
    expect(text).toMatch(/^<!-- pgraft-plan: \S+ -->\n\n## Plan for cluster `\S+`\n\n\*\*Careful\*\*: /);
    expect(text).toContain("<details><summary>Terraform's plan of stack cluster</summary>");
    expect(text.length).toBeGreaterThan(10_000);
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    expect(ended.output + text).not.toContain('k3y');
    for (const secret of Object.values(secrets())) expect(text).not.toContain(secret);
  });

  function secrets(): Record<string, string> {
    const all = JSON.parse(readFileSync(project.file('secrets.json'), 'utf8')) as Record<string, unknown>;
    const found = Object.entries(all).filter(([name, value]) => /password|key/.test(name) && typeof value === 'string');
    expect(found.length).toBeGreaterThanOrEqual(4);
    return Object.fromEntries(found) as Record<string, string>;
  }

  it('believes the state where Docker is out of reach, and says what it cannot know', async () => {
    const away = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
    project.configure(steady);
    expect((await planned(0, away)).unknown.join(' ')).toMatch(/could not be read .* not known which servers are up/);
    project.configure({ ...steady, nodes: 3 });
    const review = await planned(2, away);
    expect(review.nodes.map(({ action }) => action)).toEqual(['none', 'none', 'added']);
    expect(review.procedure.leadership).toMatch(/^It is not known who leads/);
  });

  it('says that another prefix is another cluster, whose servers come beside the old ones', async () => {
    project.configure(steady);
    const old = await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers());
    const samePorts = { PGRAFT_PREFIX: `${project.prefix}-b` };
    const refused = await planned(2, samePorts);
    expect(refused.verdict).toContain(
      `beside ${project.prefix}, which stays as it is. As things stand, the deploy refuses`,
    );
    expect(refused.cares.join('\n')).toMatch(/port \d+ \(PostgreSQL of \S+-b-primary\) is in use by container/);
    const other = await project.beside();
    try {
      // two-clusters.test.ts makes it
      const { status, stdout, output } = await other.npm('plan', '--json');
      expect(status, output).toBe(2);
      expect((JSON.parse(stdout) as Review).cares.join('\n')).toContain(`Nothing of that is copied to ${other.prefix}`);
    } finally {
      await other.close();
    }
    expect(await docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers())).toBe(old);
  });

  it('says that a deploy starts a stopped cluster, with containers made anew', async () => {
    project.configure(steady);
    await docker('stop', ...containers());
    const started = await comesTrue(project, byCdktf);
    expect(started.review.cares).toEqual([`The cluster is stopped: the deploy starts ${containers().join(' and ')}.`]);
    expect((await project.npm('status')).status).toBe(0);
  });

  it('does not disturb a deploy that is under way, and says that there is one', async () => {
    project.configure({ ...steady, postgresSettings: { shared_buffers: '48MB' } });
    const deploy = project.cdktf('deploy', '*', '--auto-approve');
    const lock = project.file('.terraform.cluster.tfstate.lock.info');
    await eventually('Terraform to work', () => existsSync(lock), Boolean, 60_000);
    const during = await project.npm('plan', '--json');
    expect(during.status, during.output).toBeGreaterThanOrEqual(2);
    expect((JSON.parse(during.stdout) as Review).remarks.join(' ')).toContain('A deploy is under way');
    const ended = await deploy;
    expect(ended.status, ended.output).toBe(0);
    expect((await planned(0)).level).toBe('none');
  });

  it('makes no plan of a damaged or foreign state, and says so also in the comment', async () => {
    const path = project.file('terraform.cluster.tfstate');
    const state = readFileSync(path, 'utf8');
    try {
      for (const [text, told] of [
        ['{"version": 4, "resou', 'is damaged'],
        [state.replaceAll(project.prefix, 'shop'), `is not the state of cluster ${project.prefix}`],
      ] as const) {
        writeFileSync(path, text);
        const ended = await project.npm('plan', '--markdown', 'plan.md');
        expect(ended.status, ended.output).toBe(1);
        expect(ended.stderr).toContain(told);
        expect(readFileSync(join(project.directory, 'plan.md'), 'utf8')).toMatch(
          new RegExp(`\\*\\*Error\\*\\*[^]*${told}`),
        );
      }
    } finally {
      writeFileSync(path, state);
      rmSync(join(project.directory, 'plan.md'), { force: true });
    }
    expect((await planned(0)).level).toBe('none');
  });
});
