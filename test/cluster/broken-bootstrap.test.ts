import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { expectAgreement, expectReplication, expectStarted, type Size } from '../support/size.js';

const size: Size = { nodes: 1, meaning: '1 of 1 server up: a majority, but no further server may fail' };

describe('a cluster of one whose first start fails, for a setting that the server refuses,', () => {
  let project: ClusterProject;
  const context = (timeout: string) => ({ nodes: 1, postgresSettings: { 'pgraft.election_timeout': timeout } });

  beforeAll(async () => {
    project = await ClusterProject.open(context('soon'));
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  /** Start, and be told which server, which setting, its value and where to look, well before any deadline. */
  async function failingStart(): Promise<void> {
    const ended = await project.start();
    expect(ended.status, ended.output).toBe(1);
    // Terraform breaks lines and draws a border
    const words = ended.output.replaceAll('│', ' ').replaceAll(/\s+/g, ' ');
    expect(words).toContain(`${project.container('primary')} refuses to start: PostgreSQL ended with status 1`);
    expect(words).toContain('invalid value for parameter "pgraft.election_timeout": "soon"');
    expect(words).toContain(`see docker logs ${project.container('primary')}`);
    expect((await project.npm('status')).status).toBe(1);
  }

  it('comes up with the same npm start once the setting is right', async () => {
    await failingStart();
    project.configure(context('2s'));
    expectStarted(await project.start(), size);
    await expectAgreement(project, size);
    await expectReplication(project, size);
    expect(await project.sql('primary', 'show pgraft.election_timeout')).toBe('2s');
    expect(await project.sql('primary', 'select writable from pgraft_get_cluster_status()')).toBe('t');
  });

  it('is destroyed by plain cdktf without anything left', async () => {
    const ended = await project.cdktf('destroy', '*', '--auto-approve');
    expect(ended.status, ended.output).toBe(0);
    expect(await project.objects()).toEqual([]);
  });
});
