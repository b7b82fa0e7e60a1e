/** The cluster page as a list of commands and of what they print. Pure. */

export interface PageCommand {
  /** Titles of the section and of what the command stands in, such as `Advanced Usage > View Logs`. */
  readonly place: string;
  /** As on the page, without comments. */
  readonly command: string;
}

interface Block {
  readonly section: string;
  readonly place: string;
  readonly language: string;
  readonly text: string;
}

/** The commands of `sections`, in the page's order; SQL counts as one. */
export function pageCommands(page: string, sections: readonly string[]): PageCommand[] {
  return blocksOf(page)
    .filter(({ section, language }) => sections.includes(section) && (language === 'bash' || language === 'sql'))
    .flatMap(({ place, language, text }) =>
      (language === 'sql' ? [text] : commandsOf(text)).map((command) => ({ place, command })),
    );
}

/** The block that the page shows as the output of what stands in `place`. */
export function pageOutput(page: string, place: string): string {
  const block = blocksOf(page).find((candidate) => candidate.place === place && candidate.language === '');
  if (block === undefined) throw new Error(`the page shows no output in ${place}`);
  return block.text;
}

/** Where the names and ports of the page are found in the test. */
export interface Translation {
  readonly prefix: string;
  /** PostgreSQL and Raft of node 1. */
  readonly ports: { readonly postgres: number; readonly raft: number };
}

/**
 * The one place where the page's text is changed before it is run or compared:
 * - the script is served by our own command line: `./pgraft_cluster.py` is `npx pgraft_cluster`;
 * - the page has the default names and ports, which may be a user's: `pgraft-primary`, `-replica1` ... and `-network` get the
 *   test's prefix, 5432 ... and 7001 ... become the test's ports;
 * - `netstat -an` is `ss -an` where there is no netstat.
 */
export function translated(text: string, { prefix, ports }: Translation, hasNetstat = true): string {
  return text
    .replaceAll('./pgraft_cluster.py', 'npx pgraft_cluster')
    .replaceAll(/\bpgraft-(primary|replica\d|network)\b/g, `${prefix}-$1`)
    .replaceAll(/\b543[2-9]\b/g, (port) => String(ports.postgres + Number(port) - 5432))
    .replaceAll(/\b700[1-9]\b/g, (port) => String(ports.raft + Number(port) - 7001))
    .replaceAll('netstat -an', hasNetstat ? 'netstat -an' : 'ss -an');
}

/** Every fenced block with the titles above it; a block in a list is moved to the left. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let title: string | undefined;
  let open: { indent: string; language: string; lines: string[] } | undefined;
  for (const line of page.split('\n')) {
    const fence = /^( *)```(\w*)$/.exec(line);
    if (open !== undefined && fence !== null) {
      const place = title === undefined ? section : `${section} > ${title}`;
      blocks.push({ section, place, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    } else if (fence !== null) {
      open = { indent: fence[1] ?? '', language: fence[2] ?? '', lines: [] };
    } else if (line.startsWith('## ')) {
      section = line.slice(3);
      title = undefined;
    } else if (line.startsWith('### ')) {
      title = line.slice(4);
    }
  }
  return blocks;
}

/** Comments left out; a command goes on to the next line while a quotation is open. */
function commandsOf(text: string): string[] {
  const commands: string[] = [];
  let open: string | undefined;
  for (const line of text.split('\n')) {
    if (open === undefined && (line.trim() === '' || line.startsWith('#'))) continue;
    open = open === undefined ? line : `${open}\n${line}`;
    if ((open.match(/"/g) ?? []).length % 2 === 1) continue;
    commands.push(open.trim());
    open = undefined;
  }
  if (open !== undefined) throw new Error(`a quotation is never closed: ${open}`);
  return commands;
}
