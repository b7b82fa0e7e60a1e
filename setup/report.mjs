/** What setup.mjs prints: a line a step, its time at the end, errors with their cause and fix on standard error. */

import { performance } from 'node:perf_hooks';
import { fileProblem } from './file-problem.mjs';

/** An error that the user can do something about: what is wrong, and what to do. */
export class SetupError extends Error {
  /**
   * @param {string} problem what is wrong and why, without a full stop
   * @param {string} fix what to do about it
   */
  constructor(problem, fix) {
    super(`${problem}; ${fix}`);
    this.name = 'SetupError';
  }
}

export class Report {
  failed = false;
  /** @type {Set<unknown>} */
  #reported = new Set();

  /**
   * Run one step and print its line. The step returns what it found or did; `note` announces what takes long.
   *
   * @param {string} name
   * @param {(note: (line: string) => void) => string | Promise<string>} work
   */
  async step(name, work) {
    const begun = performance.now();
    try {
      const outcome = await work((line) => {
        this.note(name, line);
      });
      console.log(line('✓', name, outcome, performance.now() - begun));
    } catch (error) {
      this.failure(error, name, performance.now() - begun);
      throw error;
    }
  }

  /** @param {string} name @param {string} text */
  note(name, text) {
    console.log(line('·', name, text));
  }

  /**
   * Print an error once, however often it is passed on.
   *
   * @param {unknown} error
   * @param {string} name
   * @param {number} [milliseconds]
   */
  failure(error, name = 'setup', milliseconds) {
    this.failed = true;
    if (this.#reported.has(error)) return;
    this.#reported.add(error);
    // a defect of ours needs its stack, a state of the machine does not
    const told = error instanceof SetupError ? error.message : fileProblem(error);
    const text = told ?? (error instanceof Error ? error.stack : undefined) ?? String(error);
    console.error(line('✗', name, text, milliseconds));
  }
}

/** @param {string} mark @param {string} name @param {string} text @param {number} [milliseconds] */
function line(mark, name, text, milliseconds) {
  const time = milliseconds === undefined ? '' : ` (${duration(milliseconds)})`;
  return `${mark} ${name.padEnd(15)} ${text}${time}`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
