/** Where a stack's Terraform state is kept. */
import { join } from 'node:path';
import { LocalBackend, type TerraformStack } from 'cdktf';
import { stateDirectory } from './topology.js';

/** Keep the state of `stack` in `.pgraft/<prefix>/`; absolute, since Terraform runs in the directory of the synthesized stack. */
export function keepStateLocally(stack: TerraformStack, root: string, prefix: string): void {
  new LocalBackend(stack, { path: join(root, stateDirectory(prefix), `terraform.${stack.node.id}.tfstate`) });
}
