/** The Docker provider of a stack: the registry's, or the embedded one for machines that cannot reach the registry. */
import { readFileSync } from 'node:fs';
import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import type { TerraformStack } from 'cdktf';
import type { ClusterSettings } from './settings.js';

/** 3.9.0: the bindings ask for 3.6.2, which panics on `cpus`. */
const registryVersion = '3.9.0';
const embeddedSource = 'pgraft.local/embedded/docker';

/** Give `stack` its Docker provider; nothing else in a stack depends on which one it is. */
export function declareDockerProvider(stack: TerraformStack, choice: ClusterSettings['dockerProvider']): void {
  new DockerProvider(stack, 'docker');
  const override =
    choice === 'registry' ? { version: registryVersion } : { source: embeddedSource, version: embeddedVersion() };
  for (const [key, value] of Object.entries(override)) {
    stack.addOverride(`terraform.required_providers.docker.${key}`, value);
  }
}

/** The version that provider/ builds and setup.mjs installs; all three read the same file. */
function embeddedVersion(): string {
  const file = new URL('../provider/version.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
