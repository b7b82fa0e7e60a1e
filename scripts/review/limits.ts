/** Settings of which a standby must have at least the primary's value (safety.md R20): which way a roll has to go. Pure. */
import { standbyLimits } from '../../constructs/postgres-settings.js';
import { unset, type Cause } from './causes.js';

/** PostgreSQL 17's own values. */
const defaults: Readonly<Record<string, number>> = {
  max_connections: 100,
  max_worker_processes: 8,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

export interface LimitChanges {
  /** Names; with any, the primary goes first. */
  readonly lowered: readonly string[];
  readonly raised: readonly string[];
}

export function limitChanges(causes: readonly Cause[]): LimitChanges {
  const limits = causes.flatMap(({ setting, from, to }) => {
    const name = standbyLimits.find((limit) => setting === `postgresSettings.${limit}`);
    return name === undefined ? [] : [{ name, from: valueOf(name, from), to: valueOf(name, to) }];
  });
  return {
    lowered: limits.filter(({ from, to }) => to < from).map(({ name }) => name),
    raised: limits.filter(({ from, to }) => to > from).map(({ name }) => name),
  };
}

function valueOf(name: string, value: string | undefined): number {
  return value === undefined || value === unset ? (defaults[name] ?? 0) : Number(value);
}
