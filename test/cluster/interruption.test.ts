import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterProject } from '../support/cluster-project.js';
import { showLogsOfFailed } from '../support/failed-logs.js';
import { faultsOfCluster, faultsOfNothing, runAtTerminal } from '../support/interrupted.js';

/** The moments at which most was lost; `npm run test:faults -- interruption` tries ten of each command. */
describe('Ctrl-C in plain cdktf, which kills Terraform where it is:', () => {
  let project: ClusterProject;
  beforeAll(async () => {
    project = await ClusterProject.open();
  });
  showLogsOfFailed(() => project);
  afterAll(async () => {
    await project.close();
  });

  it('a first deploy interrupted while it makes the network is destroyed without anything left', async () => {
    const broken = await runAtTerminal(project, 'cdktf deploy', { line: /docker_network\.network: Creating/ });
    expect(broken.interrupted, broken.output).toBe(true);
    const destroyed = await runAtTerminal(project, 'cdktf destroy');
    expect(destroyed.status, destroyed.output).toBe(0);
    expect(await faultsOfNothing(project)).toEqual([]);
  });

  it('a first deploy interrupted while it makes the containers goes on with the same command', async () => {
    const broken = await runAtTerminal(project, 'cdktf deploy', { line: /docker_container\.\w+: Creating/ });
    expect(broken.interrupted, broken.output).toBe(true);
    const again = await runAtTerminal(project, 'cdktf deploy');
    expect(again.status, again.output).toBe(0);
    expect(await faultsOfCluster(project)).toEqual([]);
  });

  it('a destroy interrupted while containers go is finished by the same command', async () => {
    const broken = await runAtTerminal(project, 'cdktf destroy', { line: /docker_container\.\w+: Destroying/ });
    expect(broken.interrupted, broken.output).toBe(true);
    const again = await runAtTerminal(project, 'cdktf destroy');
    expect(again.status, again.output).toBe(0);
    expect(await faultsOfNothing(project)).toEqual([]);
  });
});
