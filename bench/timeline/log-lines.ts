/** Lines of a server's log, with the server's own time. Pure. */

export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** LOG, FATAL, STATEMENT and so on. */
  readonly severity: string;
  readonly text: string;
}

/** log_line_prefix = '%m [%p] %q%u@%d ', maybe behind Docker's own time of the line. */
const pattern = /^(?:\S+Z )?(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) UTC \[\d+\] (?:\S+@\S+ )?([A-Z]+\d?): {2}(.*)$/;

/** What is no first line of a message is left out. */
export function readLog(output: string): LogLine[] {
  return output.split('\n').flatMap((line) => {
    const [, date, time, severity, text] = pattern.exec(line) ?? [];
    if (date === undefined || time === undefined || severity === undefined || text === undefined) return [];
    return [{ at: Date.parse(`${date}T${time}Z`), severity, text }];
  });
}
