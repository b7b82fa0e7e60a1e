/** What both stacks tell Terraform: its least version, where the state is kept, and which Docker provider to use. */
import { readFileSync } from 'node:fs';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { LocalBackend, type TerraformStack } from 'cdktf';
import type { ClusterSettings } from './settings.js';
import { statePath } from './state-path.js';

/** 1.4 brought `terraform_data`, which carries the hooks. */
const terraformVersion = '>= 1.4.0';
/** 3.9.0: the bindings ask for 3.6.2, which panics on `cpus`. */
const registryVersion = '3.9.0';
/** For machines that cannot reach the Terraform registry; built from provider/. */
const embeddedSource = 'pgraft.local/embedded/docker';

/**
 * Fill in the `terraform` block of `stack`; nothing else in a stack depends on where the provider comes from.
 *
 * @param root the project's directory, absolute, since Terraform runs in the directory of the synthesized stack
 */
export function declareTerraform(stack: TerraformStack, settings: ClusterSettings, root: string): void {
  new LocalBackend(stack, { path: statePath(root, settings.prefix, stack.node.id) });
  new DockerProvider(stack, 'docker');
  stack.addOverride('terraform.required_version', terraformVersion);
  for (const [key, value] of Object.entries(dockerProvider(settings.dockerProvider))) {
    stack.addOverride(`terraform.required_providers.docker.${key}`, value);
  }
}

function dockerProvider(choice: ClusterSettings['dockerProvider']): Readonly<Record<string, string>> {
  return choice === 'registry'
    ? { version: registryVersion }
    : { source: embeddedSource, version: embeddedProviderVersion() };
}

/** The version that provider/ builds and setup.mjs installs; all three read the same file. */
function embeddedProviderVersion(): string {
  const file = new URL('../provider/version.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
