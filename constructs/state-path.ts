/** Where the Terraform states are kept. */
import { basename, dirname, join } from 'node:path';
import { stateDirectory } from './topology.js';

/** Ids of the stacks, in the order in which they are deployed: a contract with users and with the states on disk. */
export const stackIds = ['image', 'cluster'] as const;

/** Where Terraform notes that it has the state of `stack` locked; one that was killed leaves it. */
export function lockInfoPath(root: string, prefix: string, stack: string): string {
  const path = statePath(root, prefix, stack);
  return join(dirname(path), `.${basename(path)}.lock.info`);
}

/** The file with the state of `stack`; absolute when `root` is, as Terraform runs in the directory of the synthesized stack. */
export function statePath(root: string, prefix: string, stack: string): string {
  return join(root, stateDirectory(prefix), `terraform.${stack}.tfstate`);
}
