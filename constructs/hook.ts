/** A hook: a `terraform_data` resource whose creation or destruction runs one of scripts/hooks. */
import { DataResource, type ITerraformDependable, type LocalExecProvisioner } from 'cdktf';
import type { Construct } from 'constructs';
import { type HookCluster, hookClusterVariable, type HookInput, hookInputVariable } from './hook-input.js';
import { terraformLiteral } from './terraform-literal.js';

export interface HookContext {
  /** The cluster as it is to be. */
  readonly cluster: HookCluster;
  /** The project's directory, absolute: hooks run there. */
  readonly root: string;
}

export interface HookProps {
  readonly context: HookContext;
  readonly input: HookInput;
  /**
   * When the command runs. Never both in one resource: a create hook that failed taints its resource, and Terraform skips
   * the destroy hook of a tainted one.
   */
  readonly when: 'create' | 'destroy';
  /** The resource is replaced, and so the hook runs, when one of these changes. @default - never */
  readonly triggers?: Readonly<Record<string, string>>;
  readonly dependsOn: readonly ITerraformDependable[];
}

/** Declare the hook `props.input.hook`; its address is `terraform_data.<hook><slot>`, which plans and logs show. */
export function declareHook(scope: Construct, props: HookProps): DataResource {
  const { input } = props;
  const resource = new DataResource(scope, input.hook, {
    input,
    ...(props.triggers && { triggersReplace: props.triggers }),
    dependsOn: [...props.dependsOn],
    provisioners: [provisioner(props)],
  });
  resource.overrideLogicalId('node' in input ? `${input.hook}${input.node}` : input.hook);
  return resource;
}

/**
 * What the shell runs. A slot that was empty has nothing to leave or to roll: Terraform decides that from the state by
 * itself, which saves a dozen processes in every teardown.
 */
function command(input: HookInput): string {
  const run = `node scripts/hooks/run.mjs ${input.hook}`;
  return 'present' in input ? `\${self.input.present == "yes" ? "${run}" : ":"}` : run;
}

/** Destroy provisioners may refer to nothing but `self`; literals are free, and no part of the state. */
function provisioner({ context, input, when }: HookProps): LocalExecProvisioner {
  return {
    type: 'local-exec',
    ...(when === 'destroy' && { when }),
    command: command(input),
    workingDir: context.root,
    environment: {
      [hookInputVariable]: '${jsonencode(self.input)}',
      [hookClusterVariable]: terraformLiteral(JSON.stringify(context.cluster)),
    },
  };
}
