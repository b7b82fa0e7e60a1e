/** Lines of several servers in the order of their times. Pure. */

export interface LogLine {
  /** docker's timestamp: RFC 3339 with nine digits, in UTC, so that texts compare as times do. */
  readonly time: string;
  readonly node: string;
  readonly text: string;
}

/** A line of `docker logs --timestamps`. One without a timestamp belongs to the line before it. */
export function readLogLine(node: string, line: string, previous: string): LogLine {
  const space = line.indexOf(' ');
  const time = space === -1 ? line : line.slice(0, space);
  if (!/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(time)) return { time: previous, node, text: line };
  return { time, node, text: space === -1 ? '' : line.slice(space + 1) };
}

/** All lines in time order; lines of one server keep their order, also where their times are the same. */
export function mergeLines(lines: readonly LogLine[]): LogLine[] {
  return [...lines].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}
