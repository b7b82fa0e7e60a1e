/**
 * Who started this process, and what it started: from /proc on Linux, from ps elsewhere.
 *
 * Plain JavaScript with types in comments: hooks ask it before anything that has to be compiled is loaded.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * @typedef {object} ProcessFacts
 * @property {number} pid
 * @property {number} parent
 * @property {readonly string[]} command program and arguments
 */

/**
 * Facts of a running process; undefined when there is none.
 *
 * @callback Describe
 * @param {number} pid
 * @returns {ProcessFacts | undefined}
 */

/** @type {Describe} */
export const describeProcess = (pid) => (existsSync('/proc/self/stat') ? fromProc(pid) : fromPs(pid));

/**
 * The terraform (or tofu) process that this process runs under; undefined when started by hand.
 *
 * @param {Describe} describe
 * @param {{ from?: number, binary?: string | undefined }} [options]
 */
export function ancestorTerraform(
  describe = describeProcess,
  { from = process.pid, binary = process.env['TERRAFORM_BINARY_NAME'] } = {},
) {
  for (let facts = describe(from); facts !== undefined && facts.pid > 1; facts = describe(facts.parent)) {
    if (isTerraform(facts, binary)) return facts;
  }
  return undefined;
}

/**
 * The terraform (or tofu) processes that process `root` started, itself or through others.
 *
 * @param {number} root
 * @param {string} binary
 * @returns {ProcessFacts[]}
 */
export function terraformBelow(root, binary, processes = listProcesses()) {
  const children = processes.filter(({ parent }) => parent === root);
  return children.flatMap((child) =>
    isTerraform(child, binary) ? [child] : terraformBelow(child.pid, binary, processes),
  );
}

/** Every terraform (or tofu) process of this machine. */
export function runningTerraform(binary = process.env['TERRAFORM_BINARY_NAME']) {
  return listProcesses().filter((facts) => isTerraform(facts, binary));
}

/** @param {ProcessFacts} facts @param {string | undefined} binary */
function isTerraform({ command }, binary) {
  const programs = ['terraform', 'tofu', ...(binary === undefined ? [] : [basename(binary)])];
  return programs.includes(basename(command[0] ?? ''));
}

/**
 * Whether the run of `terraform` (see ancestorTerraform) tears the whole cluster down.
 *
 * Asked of the running process itself: it can be interrupted and run again at any moment, and is still what it is.
 *
 * @param {ProcessFacts | undefined} terraform
 */
export function isTearingDown(terraform) {
  return terraform !== undefined && isDestroy(terraform.command);
}

/**
 * Whether a terraform command line destroys everything: `destroy`, or `apply -destroy`, of the whole configuration.
 *
 * @param {readonly string[]} command
 * @param {Readonly<Record<string, string | undefined>>} env terraform's environment, which may add arguments; a hook inherits it
 */
export function isDestroy(command, env = process.env) {
  const given = command.slice(1);
  const action = given.find((arg) => !arg.startsWith('-'));
  const added = [env['TF_CLI_ARGS'], env[`TF_CLI_ARGS_${action ?? ''}`]].flatMap((text) => text?.split(/\s+/) ?? []);
  const args = [...given, ...added];
  if (args.some((arg) => /^--?(target|exclude)(=|$)/.test(arg))) return false;
  return action === 'destroy' || (action === 'apply' && args.some((arg) => /^--?destroy(=true)?$/.test(arg)));
}

/** @returns {ProcessFacts[]} */
function listProcesses() {
  if (!existsSync('/proc/self/stat')) return listFromPs();
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => fromProc(Number(pid)) ?? []);
}

/** @type {Describe} */
function fromProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the name in parentheses, which may itself hold spaces and parentheses
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(fields[1]), command };
  } catch {
    return undefined;
  }
}

/** @type {Describe} */
function fromPs(pid) {
  try {
    return readPsLine(ps(['-p', String(pid)]));
  } catch {
    return undefined;
  }
}

function listFromPs() {
  return ps(['-A'])
    .split('\n')
    .flatMap((line) => readPsLine(line) ?? []);
}

/** @param {readonly string[]} which */
function ps(which) {
  return execFileSync('ps', ['-ww', '-o', 'pid=,ppid=,command=', ...which], { encoding: 'utf8' });
}

/**
 * A line of `ps -o pid=,ppid=,command=`; arguments are taken to be without spaces.
 *
 * @param {string} line
 * @returns {ProcessFacts | undefined}
 */
export function readPsLine(line) {
  const [pid, parent, ...command] = line.trim().split(/\s+/);
  if (parent === undefined || command.length === 0) return undefined;
  return { pid: Number(pid), parent: Number(parent), command };
}
