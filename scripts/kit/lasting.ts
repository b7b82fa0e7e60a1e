/** What is in order for a while, and a problem when it lasts. */
import type { Clock } from './clock.js';

/** @returns a function that hears at every look whether something holds, and tells whether it has held at all of them for `ms` milliseconds */
export function openLasting(ms: number, clock: Clock): (holds: boolean) => boolean {
  let since: number | undefined;
  return (holds) => {
    since = holds ? (since ?? clock.now()) : undefined;
    return since !== undefined && clock.now() - since >= ms;
  };
}
