/**
 * An error whose message is written for the person at the terminal: the value, the cause, what to do. Everything else that
 * is thrown is a defect of ours and is shown with its stack.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** The person asked for the end before the work was done. */
export class InterruptedError extends UserError {
  constructor(
    readonly signal: NodeJS.Signals,
    message: string,
  ) {
    super(message);
  }
}

/** The text of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.trim().replace(/\s*\n\s*/g, '; ');
}
