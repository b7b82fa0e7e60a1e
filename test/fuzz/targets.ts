/** The fuzz targets: each C file of image/pgraft/fuzz is one. */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../scripts/kit/errors.js';
import { projectDirectory } from '../../scripts/kit/places.js';

/** The extension's sources, in the tree. */
export const extensionSource = join(projectDirectory, 'image', 'pgraft');
/** Inputs that cover everything known so far, in the tree: a directory for each target. */
export const corpora = join(extensionSource, 'fuzz', 'corpus');

/** Bytes of the longest input worth trying, where it is not the usual: as much as makes every kind of input possible. */
const longest: Readonly<Record<string, number>> = {
  greeting: 600,
  peer_message: 1_600,
  log_entry: 16_384,
  snapshot: 16_384,
  chain_file: 16_384,
  state_machine: 16_384,
  raft_stream: 1_024,
  settings: 1_024,
  rejoin_file: 1_024,
  state_files: 300,
  promised_file: 300,
};
const usual = 4_096;

export interface Target {
  readonly name: string;
  readonly longest: number;
}

/** In the order of their names. */
export function fuzzTargets(): Target[] {
  const files = readdirSync(join(extensionSource, 'fuzz')).filter((file) => file.endsWith('.c'));
  return files
    .map((file) => basename(file, '.c'))
    .sort()
    .map((name) => ({ name, longest: longest[name] ?? usual }));
}

/** Those of these names; all when none is named. @throws UserError for a name that is none */
export function chooseTargets(names: readonly string[]): Target[] {
  const all = fuzzTargets();
  const unknown = names.filter((name) => !all.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    throw new UserError(`there is no fuzz target "${unknown.join('", "')}"; there are ${known}`);
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}
