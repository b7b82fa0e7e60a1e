/**
 * Whether Terraform can get the Docker provider here: Terraform itself is asked, which knows the registry's address, the user's mirrors
 * and proxies.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from './command.mjs';

const seconds = 120;
const requirement = { terraform: { required_providers: { docker: { source: 'kreuzwerker/docker' } } } };

/** Ask once, and not for long: an unreachable registry is an answer here. */
const impatient = { TF_REGISTRY_DISCOVERY_RETRY: '0', TF_REGISTRY_CLIENT_TIMEOUT: '5', CHECKPOINT_DISABLE: '1' };

/**
 * @param {string} program terraform or tofu
 * @returns {Promise<{ reachable: true } | { reachable: false, why: string }>}
 */
export async function registryReachable(program) {
  const directory = mkdtempSync(join(tmpdir(), 'pgraft-registry-'));
  try {
    writeFileSync(join(directory, 'main.tf.json'), JSON.stringify(requirement));
    const init = ['init', '-backend=false', '-input=false', '-no-color'];
    const { code, timedOut, stdout, stderr } = await attempt(program, init, {
      seconds,
      cwd: directory,
      env: impatient,
    });
    if (code === 0) return { reachable: true };
    return { reachable: false, why: timedOut ? `no answer within ${seconds} s` : causeIn(stdout + stderr) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * The cause in what `terraform init` said of a provider that it could not get: the end of what it says of the connection, else the error's title.
 *
 * @param {string} output
 */
export function causeIn(output) {
  const text = output.replace(/[│╷╵]/g, '').replace(/\s+/g, ' ');
  const connection = /could not connect to (.+?)(?= To see which|$)/.exec(text)?.[1]?.trim();
  if (connection !== undefined) return connection.slice(connection.lastIndexOf(': ') + 2);
  return /Error: (.+?)(?= Could not| ?$)/.exec(text)?.[1] ?? 'terraform init failed';
}
