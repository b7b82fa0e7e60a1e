/** The SQL page as a list of what an operator runs. Pure. */

export interface PageStatement {
  /** The heading that it stands under, such as `Add follower nodes`. */
  readonly place: string;
  /** As on the page; of a `psql -c` line what is between the quotes. */
  readonly sql: string;
  /** The page runs it through psql. */
  readonly psql: boolean;
}

const heading = /^[A-Z][^.;:]*$/;
const viaPsql = /^psql -c "(.*)"$/;
const inProse = /\bUse (SELECT .*? from pgraft_get_nodes\(\))/;

/** Every statement of the page, in its order, those within its sentences included. */
export function pageStatements(page: string): PageStatement[] {
  const statements: PageStatement[] = [];
  let place = '';
  let open: string[] = [];
  for (const line of page.split('\n').map((text) => text.trim())) {
    const quoted = viaPsql.exec(line)?.[1];
    const mentioned = inProse.exec(line)?.[1];
    const transfer = /\brun (pgraft_transfer_leadership\(\))/.exec(line)?.[1];
    if (quoted !== undefined) statements.push({ place, sql: quoted, psql: true });
    else if (transfer !== undefined) statements.push({ place, sql: `SELECT ${transfer}`, psql: false });
    else if (mentioned !== undefined) statements.push({ place, sql: mentioned, psql: false });
    else if (open.length > 0 || line.startsWith('SELECT')) {
      open.push(line);
      if (!line.endsWith(';')) continue;
      statements.push({ place, sql: open.join('\n'), psql: false });
      open = [];
    } else if (heading.test(line)) place = line;
  }
  if (open.length > 0) throw new Error(`a statement never ends: ${open.join(' ')}`);
  return statements;
}
