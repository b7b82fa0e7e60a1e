/** The other clusters that this checkout has deployed. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { statePath } from '../../constructs/state-path.js';
import { clusterDirectory, projectDirectory } from './places.js';
import { deployedObjects } from './terraform-state.js';
import { UserError } from './errors.js';

export interface DeployedCluster {
  readonly prefix: string;
  /** Names of its containers, and of its volumes. */
  readonly servers: readonly string[];
  readonly volumes: readonly string[];
}

/** Those beside cluster `prefix` of which Terraform still has something; one whose state is damaged is left out. */
export async function otherClusters(prefix: string, root = projectDirectory): Promise<DeployedCluster[]> {
  const directory = root === projectDirectory ? dirname(clusterDirectory(prefix)) : `${root}/.pgraft`;
  const others = existsSync(directory) ? readdirSync(directory).filter((name) => name !== prefix) : [];
  const read = await Promise.all(others.map(async (other) => deployedCluster(root, other)));
  return read.filter(({ servers, volumes }) => servers.length + volumes.length > 0);
}

async function deployedCluster(root: string, prefix: string): Promise<DeployedCluster> {
  const objects = await deployedObjects(statePath(root, prefix, 'cluster')).catch((error: unknown) => {
    if (error instanceof UserError) return [];
    throw error;
  });
  const names = (type: string) => objects.filter((object) => object.type === type).map(({ name }) => name);
  return { prefix, servers: names('docker_container').sort(), volumes: names('docker_volume').sort() };
}
