/** docs/settings.md, made of the schema of the settings. Pure. */
import { ownedPostgresSettings, tunableExtensionSettings } from './postgres-settings.js';
import { settingsReference } from './settings.js';

/** The page in Markdown, not laid out. */
export function settingsPage(): string {
  const rows = settingsReference().map(({ key, variable, default: value, description }) => [
    `\`${key}\``,
    `\`${variable}\``,
    value === undefined ? 'none' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``,
    description,
  ]);
  const owned = Object.entries(ownedPostgresSettings).map(([name, reason]) => [`\`${name}\``, reason]);
  return [
    '<!-- made by npm run docs from constructs/settings.ts; changes belong there -->',
    '# Settings',
    'In the `context` of cdktf.json, or as variables. Later ones win: the defaults, cdktf.json, the file .env, what the cluster was made with ' +
      '(`npx pgraft_cluster --init`), the environment.',
    table(['context key', 'variable', 'default', 'what'], rows),
    'All mistakes are named at once, with the value, where it came from, the cause and the fix, before anything is created or changed. ' +
      'An unknown context key or `PGRAFT_` variable is a mistake, too. What changing a setting of a running cluster means says `npm run plan`: see [plan.md](plan.md).',
    '## Settings of PostgreSQL',
    'Everything that PostgreSQL 17 knows can be in `postgresSettings`, but for what the cluster needs itself. What PostgreSQL takes only when it starts ' +
      '(`shared_buffers`, `max_connections`) replaces the servers one by one; all else is reloaded.',
    `Of the extension only ${tunableExtensionSettings.map((name) => `\`pgraft.${name}\``).join(', ')} can be set. Refused, with the reason:`,
    table(['setting', 'because'], [...owned, ['`recovery_target…`', 'a standby replays everything']]),
  ].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
