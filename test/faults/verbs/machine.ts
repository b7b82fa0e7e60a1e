/** Faults of the machine: it has no processor time to spare. */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Fault } from '../fault.js';

/** Two busy loops a core, which end by themselves after `milliseconds` even if nobody heals them. */
export function saturate(milliseconds: number): Fault {
  const loops: ChildProcess[] = [];
  const program = `const end = performance.now() + ${milliseconds}; while (performance.now() < end);`;
  return {
    what: 'saturate all cores',
    inject: async () => {
      for (let loop = 0; loop < 2 * availableParallelism(); loop += 1) {
        loops.push(spawn(process.execPath, ['--eval', program], { stdio: 'ignore' }));
      }
      return Promise.resolve();
    },
    heal: async () => {
      for (const loop of loops) loop.kill('SIGKILL');
      return Promise.resolve();
    },
  };
}
