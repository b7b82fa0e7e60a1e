/** A fault: something that breaks, and how it is made whole again. The verbs are in verbs/, by what they break. */
export interface Fault {
  /** As a line of the report has it: "docker kill primary". */
  readonly what: string;
  inject(): Promise<void>;
  /** Make whole what `inject` broke, also when it got half way only, or another fault came between. */
  heal(): Promise<void>;
}

/** Do `work` while `fault` is there; it is healed whatever happens. */
export async function during<T>(fault: Fault, work: () => Promise<T>): Promise<T> {
  try {
    await fault.inject();
    return await work();
  } finally {
    await fault.heal();
  }
}
