import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { docker, type Ended } from '../support/shell.js';

const names = ['primary', 'replica1', 'replica2'];

describe('what cannot be done to a running cluster yet is refused, and it goes on serving:', () => {
  let project: ClusterProject;
  let entry = 0;
  const limited = { memory: 512 };
  const containers = () => names.map((name) => project.container(name));
  const untouched = async () => docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', ...containers());

  beforeAll(async () => {
    project = await ClusterProject.open(limited);
    const started = await project.start();
    if (started.status !== 0) throw new Error(`npm start failed:\n${started.output}\n${await project.logs()}`);
    await project.sql('primary', 'create table ledger (entry int primary key)');
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async () => {
      console.error(await project.logs());
    });
  });
  afterAll(async () => {
    await project.close();
  });

  /** Deploy `context`, which must fail with all of `parts`; nobody notices; set back, the deploy ends well. */
  async function refuses(context: Readonly<Record<string, unknown>>, parts: readonly string[]): Promise<void> {
    const before = await untouched();
    project.configure(context);
    expectFailure(await project.cdktf('deploy', '*', '--auto-approve'), parts);
    await serves();
    project.configure(limited);
    const back = await project.cdktf('deploy', '*', '--auto-approve');
    expect(back.status, back.output).toBe(0);
    expect(await untouched()).toBe(before);
    expect((await project.npm('status')).status).toBe(0);
    const diff = await project.cdktf('diff', 'cluster');
    expect(diff.output).toContain('found no differences');
    const servers = (await project.objects()).filter((name) => !name.endsWith('-data') && !name.endsWith('-network'));
    expect(servers).toEqual(containers());
  }

  function expectFailure(ended: Ended, parts: readonly string[]): void {
    expect(ended.status, ended.output).toBe(1);
    // Terraform breaks lines and draws a border
    const words = ended.output.replaceAll('│', ' ').replaceAll(/\s+/g, ' ');
    for (const part of parts) expect(words).toContain(part);
  }

  /** A new write is acknowledged by all that must confirm it, and node 1 still leads in term 1. */
  async function serves(): Promise<void> {
    entry += 1;
    await project.sql('primary', `insert into ledger values (${entry})`);
    expect(await project.sql('replica1', 'select leader_id, current_term from pgraft_get_cluster_status()')).toBe(
      '1|1',
    );
  }

  it('growing from 3 to 5', async () => {
    await refuses({ ...limited, nodes: 5 }, [
      `${project.container('replica3')} is new to a cluster that has formed already`,
      'growing a running cluster is not built yet',
      'set nodes back to 3',
    ]);
  });

  it('shrinking from 3 to 2', async () => {
    await refuses({ ...limited, nodes: 2 }, [
      `${project.container('replica2')} would leave cluster ${project.prefix}`,
      'shrinking a running cluster is not built yet',
      'Set nodes back to what it was',
    ]);
  });

  it('replacing containers, here for a setting of PostgreSQL', async () => {
    await refuses({ ...limited, postgresSettings: { work_mem: '8MB' } }, [
      `${project.container('primary')} would be replaced`,
      'replacing running servers one by one is not built yet',
      'Undo the change',
    ]);
  });

  it('an image that does not build leaves the running cluster alone', async () => {
    const before = await untouched();
    const dockerfile = join(project.directory, 'image', 'Dockerfile');
    const whole = readFileSync(dockerfile);
    appendFileSync(dockerfile, '\nRUN echo this build is broken >&2 && exit 3\n');
    try {
      expectFailure(await project.start(), ['echo this build is broken', 'exit 3', 'returned a non-zero code: 3']);
      expect(await untouched()).toBe(before);
      await serves();
    } finally {
      writeFileSync(dockerfile, whole);
    }
    const back = await project.cdktf('deploy', '*', '--auto-approve');
    expect(back.status, back.output).toBe(0);
    expect(await untouched()).toBe(before);
  });

  it('but a memory limit is changed in place', async () => {
    const before = await untouched();
    project.configure({ memory: 1024 });
    const ended = await project.cdktf('deploy', '*', '--auto-approve');
    expect(ended.status, ended.output).toBe(0);
    const limits = await docker('inspect', '--format', '{{.HostConfig.Memory}}', ...containers());
    expect(limits.split('\n')).toEqual(names.map(() => String(1024 * 1024 * 1024)));
    expect(await untouched()).toBe(before);
    await serves();
    project.configure(limited);
    const back = await project.cdktf('deploy', '*', '--auto-approve');
    expect(back.status, back.output).toBe(0);
  });

  it('and lifting it, which Docker cannot do in place, would replace containers', async () => {
    await refuses({}, [`${project.container('primary')} would be replaced`, 'Undo the change']);
  });
});
