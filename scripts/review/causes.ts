/** Which setting makes a server's container change, from the attributes that differ. Pure. */
import { definitionLabel, postgresPortInside } from '../../constructs/topology.js';
import { shownValue } from './hidden.js';
import type { Attributes, ResourceChange } from './terraform-plan.js';

export interface Cause {
  /** Key of the context of cdktf.json, `postgresSettings.<name>`, or where else it comes from. */
  readonly setting: string;
  /** As far as it is known and may be shown. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Why `change` is planned: what differs, by setting, each once. */
export function causesOf(change: ResourceChange): Cause[] {
  if (change.reason === 'replace_because_tainted') {
    return [{ setting: 'an earlier deploy, which was broken off while it made this' }];
  }
  const { before = {}, after = {} } = change;
  const causes = differingKeys(change).flatMap((key) => attributeCauses(key, before, after));
  const bySetting = new Map<string, Cause>();
  for (const cause of causes) if (!bySetting.has(cause.setting)) bySetting.set(cause.setting, cause);
  return [...bySetting.values()];
}

/** Settings of postgresql.conf that differ between two texts of PGRAFT_POSTGRES_SETTINGS. */
export function postgresCauses(before: string, after: string): Cause[] {
  const [from, to] = [confSettings(before), confSettings(after)];
  const names = [...new Set([...from.keys(), ...to.keys()])].sort();
  return names
    .filter((name) => from.get(name) !== to.get(name))
    .map((name) => ({
      setting: `postgresSettings.${name}`,
      from: shown(name, from.get(name)),
      to: shown(name, to.get(name)),
    }));
}

/** What stands for a setting that is not given. */
export const unset = 'unset';

function shown(name: string, value: string | undefined): string {
  return value === undefined ? unset : shownValue(name, value);
}

function differingKeys({ before = {}, after = {}, unknown }: ResourceChange): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].filter((key) => unknown[key] !== true && canonical(before[key]) !== canonical(after[key])).sort();
}

/** Terraform's sets come in any order; nothing, an empty list and null are the same to it. */
function canonical(value: unknown): string {
  if (value === undefined || value === null) return '[]';
  return Array.isArray(value)
    ? JSON.stringify(value.map((item) => JSON.stringify(item)).sort())
    : JSON.stringify(value);
}

function attributeCauses(key: string, before: Attributes, after: Attributes): Cause[] {
  switch (key) {
    case 'image':
      return [{ setting: 'image/', from: text(before[key]), to: text(after[key]) }];
    case 'memory':
    case 'memory_swap':
      return [{ setting: 'memory', from: memory(before['memory']), to: memory(after['memory']) }];
    case 'env':
      return environmentCauses(variables(before[key]), variables(after[key]));
    case 'ports':
      // Docker publishes none of a container that does not run
      if (canonical(before[key]) === '[]') return [{ setting: 'its container is stopped' }];
      return portCauses(ports(before[key]), ports(after[key]));
    case 'labels':
      return canonical(ownLabels(before[key])) === canonical(ownLabels(after[key])) ? [] : [ownCode(key)];
    default:
      return [ownCode(key)];
  }
}

function ownCode(attribute: string): Cause {
  return { setting: `constructs/ (${attribute})` };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function memory(value: unknown): string {
  return typeof value === 'number' && value > 0 ? `${value} MiB` : 'no limit';
}

function environmentCauses(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Cause[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .flatMap((name) => {
      const [from = '', to = ''] = [before.get(name), after.get(name)];
      if (name === 'PGRAFT_POSTGRES_SETTINGS') return postgresCauses(from, to);
      const [oldPort, newPort] = [/:(\d+)$/.exec(from)?.[1], /:(\d+)$/.exec(to)?.[1]];
      if (oldPort !== newPort && /_ADDRESS$/.test(name)) return [{ setting: 'raftPort', from: oldPort, to: newPort }];
      return [ownCode(`env ${name}`)];
    });
}

function variables(value: unknown): Map<string, string> {
  const entries = Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
}

/** Lines as postgresConfLines writes them. */
function confSettings(lines: string): Map<string, string> {
  const settings = lines.split('\n').flatMap((line) => {
    const [, name, value] = /^(\S+) = '(.*)'$/.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.replaceAll("''", "'")] as const];
  });
  return new Map(settings);
}

interface Port {
  readonly internal: unknown;
  readonly external: unknown;
  readonly ip: unknown;
}

function ports(value: unknown): { postgres?: Port | undefined; raft?: Port | undefined } {
  const list = Array.isArray(value) ? (value as Port[]) : [];
  return {
    postgres: list.find(({ internal }) => internal === postgresPortInside),
    raft: list.find(({ internal }) => internal !== postgresPortInside),
  };
}

function portCauses(before: ReturnType<typeof ports>, after: ReturnType<typeof ports>): Cause[] {
  const compared = [
    { setting: 'postgresPort', from: text(before.postgres?.external), to: text(after.postgres?.external) },
    { setting: 'raftPort', from: text(before.raft?.external), to: text(after.raft?.external) },
    { setting: 'bindAddress', from: text(before.postgres?.ip), to: text(after.postgres?.ip) },
  ];
  const differing = compared.filter(({ from, to }) => from !== to);
  return differing.length === 0 ? [ownCode('ports')] : differing;
}

/** Without those that follow from something else that differs. */
function ownLabels(value: unknown): unknown[] {
  const derived: unknown[] = ['pgraft.memory', definitionLabel];
  const labels = Array.isArray(value) ? (value as { label?: unknown }[]) : [];
  return labels.filter(({ label }) => !derived.includes(label));
}
