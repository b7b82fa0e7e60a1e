/** Where the Terraform states are kept. */
import { join } from 'node:path';
import { stateDirectory } from './topology.js';

/** Ids of the stacks, in the order in which they are deployed: a contract with users and with the states on disk. */
export const stackIds = ['image', 'cluster'] as const;

/** The file with the state of `stack`; absolute when `root` is, as Terraform runs in the directory of the synthesized stack. */
export function statePath(root: string, prefix: string, stack: string): string {
  return join(root, stateDirectory(prefix), `terraform.${stack}.tfstate`);
}
