/** Reads the sources of the settings: cdktf.json, the .env file, the cluster's own settings.json and the environment. */
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { fileProblem } from '../setup/file-problem.mjs';
import { readIfPresent } from './read-if-present.js';
import { rememberedSettingsPath } from './remembered-settings.js';
import { type ClusterSettings, parseSettings, SettingsError } from './settings.js';

/**
 * The settings of the project in directory `root`.
 *
 * The .env file is git-ignored and holds what setup.mjs found out about this machine; the environment wins over it.
 *
 * @throws SettingsError with every mistake, also when cdktf.json is not JSON
 */
export function loadSettings(
  root: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ClusterSettings {
  return parseSettings({
    context: readContext(join(root, 'cdktf.json')),
    envFile: readEnvFile(root),
    remembered: (prefix) => readRemembered(rememberedSettingsPath(root, prefix)),
    environment,
  });
}

/**
 * The environment with the .env file below it: what setup.mjs found out about this machine (the name of the Terraform
 * program, flags of the cdktf command line) holds for every command of ours, unless the environment says otherwise.
 */
export function projectEnvironment(
  root: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string | undefined> {
  return { ...readEnvFile(root), ...environment };
}

function readEnvFile(root: string): Record<string, string> {
  return parseEnv(read(join(root, '.env')) ?? '') as Record<string, string>;
}

function readContext(path: string): Record<string, unknown> {
  const text = read(path);
  if (text === undefined) return {};
  try {
    const { context } = JSON.parse(text) as { context?: Record<string, unknown> };
    return context ?? {};
  } catch (error) {
    throw new SettingsError([`cdktf.json: ${(error as Error).message}; make it JSON again`]);
  }
}

function readRemembered(path: string): Record<string, unknown> {
  const text = read(path);
  if (text === undefined) return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new SettingsError([`${path}: ${(error as Error).message}; write {"nodes": N} with the number of servers`]);
  }
}

/** What another user keeps to himself is no setting left out. */
function read(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch (error) {
    throw new SettingsError([fileProblem(error) ?? `${path}: ${(error as Error).message}`]);
  }
}
