/** When there is no use in waiting for a server any longer. */
import type { Clock } from '../kit/clock.js';
import { openLasting } from '../kit/lasting.js';
import { isCrashing, type NodeAnswer } from '../live/node-state.js';

/** Milliseconds: a server that ended at every start for so long will not recover by itself. */
const crashing = 10_000;

/** @returns a function that hears each answer of a server's entry point, and tells why the server refuses to start, once it does */
export function openRefusal(clock: Clock): (answer: NodeAnswer | undefined) => string | undefined {
  const lasts = openLasting(crashing, clock);
  return (answer) => {
    if (answer?.asked !== true) return undefined;
    const { phase, message } = answer.state;
    if (phase === 'refused') return message;
    return lasts(isCrashing(answer.state)) ? message : undefined;
  };
}
