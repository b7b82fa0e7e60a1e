/**
 * The flags of `npx pgraft_cluster`, as the cluster page documents them. Plain Node, since a wrong flag should be refused
 * before anything is installed. Pure.
 */
import { parseArgs } from 'node:util';
import { SetupError } from './report.mjs';

/** As constructs/topology.ts has it, which plain Node cannot read; a test compares the two. */
export const mostNodes = 9;

/**
 * @typedef {{ action: 'init', nodes: number | undefined } | { action: 'status' } | { action: 'destroy' } | { action: 'help' }} ClusterCall
 */

const actions = /** @type {const} */ (['init', 'status', 'destroy']);

export const usage = `Usage: npx pgraft_cluster --docker (--init [--nodes N] | --status | --destroy)

  --docker    use Docker (the default, and all there is)
  --init      create the cluster and wait until it is healthy; one that is healthy already is left as it is
  --nodes N   with --init: number of servers, 1 to ${mostNodes}, remembered until --destroy [default: the setting "nodes", 3]
  --status    show the cluster; exit status 0 healthy, 1 not healthy, 2 no cluster
  --destroy   remove containers, network and volumes with all data, without asking
  --help      print this

Settings (prefix, ports ...) are those of npm start: the context of cdktf.json, or PGRAFT_* variables.`;

/**
 * What `args` ask for.
 *
 * @param {readonly string[]} args
 * @returns {ClusterCall}
 * @throws {SetupError} naming the flag, the cause and what to write instead
 */
export function readClusterFlags(args) {
  const values = parse(args);
  if (values.help) return { action: 'help' };
  const asked = actions.filter((action) => values[action]);
  const [action] = asked;
  if (action === undefined) throw mistake('nothing to do', 'say --init, --status or --destroy');
  if (asked.length > 1) {
    throw mistake(`${asked.map((name) => `--${name}`).join(' and ')} exclude each other`, 'give one of them');
  }
  if (values.nodes !== undefined && action !== 'init') {
    throw mistake(
      `--nodes belongs to --init, not to --${action}`,
      `leave it out: --${action} is about the cluster that is there`,
    );
  }
  if (action !== 'init') return { action };
  return { action, nodes: values.nodes === undefined ? undefined : numberOfNodes(values.nodes) };
}

/** @param {readonly string[]} args */
function parse(args) {
  const flag = /** @type {const} */ ({ type: 'boolean' });
  try {
    return parseArgs({
      args: [...args],
      options: { docker: flag, init: flag, status: flag, destroy: flag, help: flag, nodes: { type: 'string' } },
    }).values;
  } catch (error) {
    // only the first sentence is about the mistake, the others are Node's advice
    const [cause = ''] = (error instanceof Error ? error.message : String(error)).split(/\. |\n/);
    throw mistake(cause, 'see npx pgraft_cluster --help');
  }
}

/** @param {string} text */
function numberOfNodes(text) {
  const fits = /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= mostNodes;
  if (fits) return Number(text);
  throw mistake(
    `--nodes ${JSON.stringify(text)} is no number of servers`,
    `choose a whole number from 1 to ${mostNodes}`,
  );
}

/** @param {string} problem @param {string} fix */
function mistake(problem, fix) {
  return new SetupError(problem, fix);
}
