/** What both stacks tell Terraform: its least version, where the state is kept, and which Docker provider to use. */
import { readFileSync } from 'node:fs';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { LocalBackend, type TerraformStack } from 'cdktf';
import type { ClusterSettings } from './settings.js';
import { statePath } from './state-path.js';

/** 3.9.0: the bindings ask for 3.6.2, which panics on `cpus`. */
const registryVersion = '3.9.0';

/**
 * Fill in the `terraform` block of `stack`; nothing else in a stack depends on where the provider comes from.
 *
 * @param root the project's directory, absolute, since Terraform runs in the directory of the synthesized stack
 */
export function declareTerraform(stack: TerraformStack, settings: ClusterSettings, root: string): void {
  new LocalBackend(stack, { path: statePath(root, settings.prefix, stack.node.id) });
  new DockerProvider(stack, 'docker');
  stack.addOverride('terraform.required_version', oldestTerraform());
  for (const [key, value] of Object.entries(dockerProvider(settings.dockerProvider))) {
    stack.addOverride(`terraform.required_providers.docker.${key}`, value);
  }
}

function dockerProvider(choice: ClusterSettings['dockerProvider']): Readonly<Record<string, string>> {
  return choice === 'registry'
    ? { version: registryVersion }
    : { source: embeddedSource(), version: embeddedVersion() };
}

/** A constraint such as `>=1.9.0`; setup.mjs checks the same. */
function oldestTerraform(): string {
  return (JSON.parse(read('package.json')) as { engines: { terraform: string } }).engines.terraform;
}

/** For machines that cannot reach the Terraform registry. The provider's address is the path of its Go module. */
function embeddedSource(): string {
  const source = /^module (\S+)$/m.exec(read('provider/go.mod'))?.[1];
  if (source === undefined) throw new Error('provider/go.mod names no module; restore it from git');
  return source;
}

/** The version that provider/ builds and setup.mjs installs; all three read the same file. */
function embeddedVersion(): string {
  return (JSON.parse(read('provider/version.json')) as { version: string }).version;
}

/** A file of this project. */
function read(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
}
