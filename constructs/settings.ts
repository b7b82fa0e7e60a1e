/**
 * ClusterSettings: what a user can choose, checked in one place by one schema.
 *
 * Sources, later ones win: the defaults here, the context of cdktf.json, the .env file, what the cluster was made with, the
 * environment. This file is pure: the sources are handed in as values (load-settings.ts reads them). A mistake names the
 * value, where it came from, the cause and the fix; all mistakes are reported at once.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { ownedPostgresSetting } from './postgres-settings.js';
import { maximumNodes, postgresPortInside } from './topology.js';

/** The longest prefix for which the longest host name, `<prefix>-replica8`, still has at most 63 characters. */
const longestPrefix = 63 - '-replica8'.length;
const lastPort = 65535;

const wholeNumber = (low: number, high: number, what: string) =>
  z.unknown().transform((value, context): number => {
    const cause = numberMistake(value, low, high);
    if (cause === undefined) return value as number;
    context.addIssue({ code: 'custom', message: `${cause}; choose ${what}, a whole number from ${low} to ${high}` });
    return z.NEVER;
  });

const prefix = z.string({ error: 'not text; choose a name such as pgraft' }).superRefine((value, context) => {
  const cause = prefixMistake(value);
  if (cause !== undefined) context.addIssue({ code: 'custom', message: cause });
});

const postgresSettings = z
  .record(z.string(), z.unknown(), { error: 'not an object of names and values; write {"work_mem": "64MB"}' })
  .superRefine((settings, context) => {
    for (const [name, value] of Object.entries(settings)) {
      const cause = postgresSettingMistake(name, value);
      if (cause !== undefined) context.addIssue({ code: 'custom', path: [name], message: cause });
    }
  })
  .transform((settings): Readonly<Record<string, string>> => mapValues(settings, String));

/** Each with what it says in docs/settings.md, which `npm run docs` makes of it. */
const schema = z.strictObject({
  nodes: wholeNumber(1, maximumNodes, 'the number of servers').default(3).describe('Number of servers, 1 to 9'),
  prefix: prefix
    .default('pgraft')
    .describe(
      'Prefix of every Docker name, so that two clusters fit on one machine. Another prefix is another cluster',
    ),
  postgresPort: wholeNumber(1, lastPort, 'a port')
    .default(5432)
    .describe("PostgreSQL's port of node 1 on this machine; node i has the (i-1)th after it"),
  raftPort: wholeNumber(1, lastPort, 'a port')
    .default(7001)
    .describe(
      "Raft's port of node 1, inside and on this machine; node i has the (i-1)th after it. Not to be changed in a running cluster",
    ),
  bindAddress: z
    .string({ error: 'not an IP address; choose one of this machine, such as 127.0.0.1' })
    .refine((value) => isIP(value) !== 0, { error: 'not an IP address; choose one of this machine, such as 127.0.0.1' })
    .default('127.0.0.1')
    .describe('Address of this machine that the ports are published on'),
  memory: wholeNumber(256, 1024 * 1024, 'the MiB of each server')
    .optional()
    .describe('Memory limit of each server in MiB, 256 or more; without it there is none'),
  postgresSettings: postgresSettings
    .default({})
    .describe('Settings of postgresql.conf by name, as a JSON object, such as `{"work_mem": "64MB"}`'),
  protectData: z
    .boolean({ error: 'neither true nor false; choose one of them' })
    .default(false)
    .describe('Refuse every plan that would delete the volume of a declared server'),
  shrinkBelowMajority: z
    .boolean({ error: 'neither true nor false; choose one of them' })
    .default(false)
    .describe('Let a deploy remove the volumes of a majority of the servers at once'),
  dockerProvider: z
    .enum(['registry', 'embedded'], { error: 'no such provider; choose registry or embedded' })
    .default('registry')
    .describe(
      "Where Terraform's Docker provider comes from: `registry`, or `embedded`, the one that setup.mjs builds where the registry cannot be reached",
    ),
});

export type ClusterSettings = Readonly<z.output<typeof schema>>;
type Key = keyof ClusterSettings;

/** The variable of each setting. */
const variables: Readonly<Record<Key, string>> = {
  nodes: 'PGRAFT_NODES',
  prefix: 'PGRAFT_PREFIX',
  postgresPort: 'PGRAFT_POSTGRES_PORT',
  raftPort: 'PGRAFT_RAFT_PORT',
  bindAddress: 'PGRAFT_BIND_ADDRESS',
  memory: 'PGRAFT_MEMORY',
  postgresSettings: 'PGRAFT_POSTGRES_SETTINGS',
  protectData: 'PGRAFT_PROTECT_DATA',
  shrinkBelowMajority: 'PGRAFT_SHRINK_BELOW_MAJORITY',
  dockerProvider: 'PGRAFT_DOCKER_PROVIDER',
};

/** Variables that start like ours without being settings. */
const otherVariables = /^PGRAFT_(HOOK|TEST)_/;
/** Context keys that belong to cdktf itself. */
const otherContext = new Set(['excludeStackIdFromLogicalIds', 'allowSepCharsInLogicalIds']);

export interface SettingsSources {
  /** `context` of cdktf.json. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** The .env file's variables. */
  readonly envFile?: Readonly<Record<string, string>>;
  /** What the cluster of that prefix was made with, by context keys. */
  readonly remembered?: (prefix: string) => Readonly<Record<string, unknown>>;
  /** The process environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Everything that is wrong with the settings, one mistake a line. */
export class SettingsError extends Error {
  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.name = 'SettingsError';
  }
}

/**
 * The settings that `sources` give.
 *
 * @throws SettingsError with every mistake
 */
export function parseSettings(sources: SettingsSources): ClusterSettings {
  const { given, mistakes } = gather(sources);
  const result = schema.safeParse(mapValues(Object.fromEntries(given), (entry) => entry.value));
  if (!result.success) mistakes.push(...result.error.issues.map((issue) => describe(issue, given)));
  else mistakes.push(...portMistakes(result.data, given));
  if (mistakes.length > 0 || !result.success) throw new SettingsError(mistakes);
  return result.data;
}

/** What can be said of a setting. */
export interface SettingReference {
  readonly key: string;
  readonly variable: string;
  /** Undefined when there is none. */
  readonly default: unknown;
  readonly description: string;
}

/** Every setting, in the order of the schema. */
export function settingsReference(): SettingReference[] {
  const defaults: Readonly<Record<string, unknown>> = schema.parse({});
  return Object.entries(schema.shape).map(([key, { description = '' }]) => ({
    key,
    variable: variables[key as Key],
    default: defaults[key],
    description,
  }));
}

interface Given {
  readonly value: unknown;
  /** The text that the user wrote, where it was text. */
  readonly written: unknown;
  readonly source: string;
}

function gather(sources: SettingsSources): { given: Map<string, Given>; mistakes: string[] } {
  const given = new Map<string, Given>();
  const mistakes: string[] = [];
  for (const [key, value] of Object.entries(sources.context ?? {})) {
    if (key in variables) given.set(key, { value, written: value, source: `context of cdktf.json` });
    else if (!otherContext.has(key)) {
      mistakes.push(
        `${key} (context of cdktf.json): no such setting; remove it, or choose one of ${list(Object.keys(variables))}`,
      );
    }
  }
  const keys = new Map(Object.entries(variables).map(([key, variable]) => [variable, key as Key]));
  for (const [origin, values] of [
    ['.env', sources.envFile],
    ['environment', sources.environment],
  ] as const) {
    for (const [variable, text] of Object.entries(values ?? {})) {
      if (text === undefined || !variable.startsWith('PGRAFT_') || otherVariables.test(variable)) continue;
      const key = keys.get(variable);
      if (key === undefined) {
        mistakes.push(`${variable} (${origin}): no such variable; unset it, or choose one of ${list(keys.keys())}`);
      } else if (text !== '') {
        given.set(key, { value: fromText(key, text), written: text, source: `${variable}, ${origin}` });
      }
    }
  }
  remember(given, sources.remembered);
  return { given, mistakes };
}

/** What the cluster was made with wins over everything but the environment. */
function remember(given: Map<string, Given>, remembered: SettingsSources['remembered']): void {
  const prefix = given.get('prefix')?.value ?? schema.shape.prefix.parse(undefined);
  if (remembered === undefined || typeof prefix !== 'string' || prefixMistake(prefix) !== undefined) return;
  for (const [key, value] of Object.entries(remembered(prefix))) {
    if (given.get(key)?.source.endsWith(', environment')) continue;
    given.set(key, { value, written: value, source: `settings.json of cluster ${prefix}` });
  }
}

/** A variable's text as the type its setting has; text that does not fit stays text, for the schema to refuse. */
function fromText(key: Key, text: string): unknown {
  if (key === 'prefix' || key === 'bindAddress' || key === 'dockerProvider') return text;
  if (key === 'protectData' || key === 'shrinkBelowMajority') return { true: true, false: false }[text] ?? text;
  if (key !== 'postgresSettings') return /^[+-]?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function describe(issue: z.core.$ZodIssue, given: ReadonlyMap<string, Given>): string {
  const [key, ...rest] = issue.path.map(String);
  const entry = given.get(key ?? '');
  const inner =
    rest.length === 0 ? entry?.written : (entry?.value as Record<string, unknown> | undefined)?.[rest.join('.')];
  return mistake([key, ...rest.map((name) => JSON.stringify(name))].join(' '), inner, entry?.source, issue.message);
}

function mistake(name: string, value: unknown, source: string | undefined, cause: string): string {
  return `${name} = ${JSON.stringify(value)} (${source ?? 'default'}): ${cause}`;
}

function numberMistake(value: unknown, low: number, high: number): string | undefined {
  if (typeof value !== 'number') return 'not a number';
  if (value < low) return `below ${low}`;
  if (value > high) return `above ${high}`;
  return Number.isInteger(value) ? undefined : 'not whole';
}

function prefixMistake(value: string): string | undefined {
  const fix = `use small letters, digits and "-", such as pgraft`;
  if (value.length === 0) return `empty; ${fix}`;
  if (value.length > longestPrefix) {
    return `${value.length} characters, and host names have room for ${longestPrefix}; choose a shorter one`;
  }
  if (/[A-Z]/.test(value)) return `has capital letters; ${fix}`;
  if (/\s/.test(value)) return `has a space; ${fix}`;
  if (!/^[a-z0-9-]+$/.test(value)) return `has characters that a host name cannot have; ${fix}`;
  if (!/^[a-z].*(?<!-)$/.test(value)) return `does not start with a letter or ends with "-"; ${fix}`;
  return undefined;
}

function postgresSettingMistake(name: string, value: unknown): string | undefined {
  if (!['string', 'number', 'boolean'].includes(typeof value)) {
    return 'not text, a number, true or false; write the value as in postgresql.conf';
  }
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?$/.test(name)) {
    return 'not the name of a PostgreSQL setting; write it as in postgresql.conf, in small letters';
  }
  // eslint-disable-next-line no-control-regex -- a line feed would begin another setting
  if (/[\u0000-\u001f\u007f]/.test(String(value))) return 'has a control character; write the value on one line';
  const reason = ownedPostgresSetting(name);
  return reason === undefined ? undefined : `belongs to the cluster (${reason}); remove it`;
}

/** What is wrong with the ports of the servers in use, given that each setting alone is right. */
function portMistakes(settings: ClusterSettings, given: ReadonlyMap<string, Given>): string[] {
  const { nodes, postgresPort, raftPort } = settings;
  const mistakes: string[] = [];
  const about = (key: Key, cause: string) =>
    mistake(key, given.get(key)?.written ?? settings[key], given.get(key)?.source, cause);
  for (const key of ['postgresPort', 'raftPort'] as const) {
    const last = settings[key] + nodes - 1;
    if (last > lastPort) {
      const cause = `${nodes} servers would need ports up to ${last}, above ${lastPort}; choose at most ${lastPort - nodes + 1}`;
      mistakes.push(about(key, cause));
    }
  }
  if (Math.abs(postgresPort - raftPort) < nodes) {
    const ranges = `${raftPort}-${raftPort + nodes - 1} overlaps postgresPort's ${postgresPort}-${postgresPort + nodes - 1}`;
    mistakes.push(about('raftPort', `${ranges}; choose ports at least ${nodes} apart`));
  }
  if (raftPort <= postgresPortInside && postgresPortInside < raftPort + nodes) {
    const cause = `${raftPort}-${raftPort + nodes - 1} holds ${postgresPortInside}, PostgreSQL's port inside each container`;
    mistakes.push(about('raftPort', `${cause}; choose a range without it`));
  }
  return mistakes;
}

function list(names: Iterable<string>): string {
  return [...names].join(', ');
}

function mapValues<V, W>(record: Readonly<Record<string, V>>, change: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
