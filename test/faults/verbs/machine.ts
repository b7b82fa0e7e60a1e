/** Faults of the machine: it has no processor time to spare, or its disk is busy. All end by themselves even if nobody heals them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { docker, run } from '../../support/shell.js';
import type { Fault } from '../fault.js';

/** Busy loops for `milliseconds`, which end with this process, too. @param loops @default two a core */
export function saturate(milliseconds: number, loops = 2 * availableParallelism()): Fault {
  const running: ChildProcess[] = [];
  const program = `
    const end = performance.now() + ${milliseconds};
    while (performance.now() < end && process.ppid === ${process.pid});`;
  return {
    what: `saturate all cores with ${loops} busy loops`,
    inject: async () => {
      for (let loop = 0; loop < loops; loop += 1) {
        running.push(spawn(process.execPath, ['--eval', program], { stdio: 'ignore' }));
      }
      return Promise.resolve();
    },
    heal: async () => {
      for (const loop of running) loop.kill('SIGKILL');
      return Promise.resolve();
    },
  };
}

export interface DiskLoad {
  /** Of a container of its own. */
  readonly name: string;
  /** Any that has coreutils. */
  readonly image: string;
  /** How many write at the same time. */
  readonly loops: number;
  readonly milliseconds: number;
}

/** Write files and force them to the disk that the engine has its volumes on, again and again. */
export function forceToDisk({ name, image, loops, milliseconds }: DiskLoad): Fault {
  const seconds = Math.ceil(milliseconds / 1_000);
  const one = 'while :; do dd if=/dev/zero of=/load/$i bs=1M count=64 conv=fsync; done';
  const all = `for i in $(seq ${loops}); do { ${one}; } & done 2>/dev/null; wait`;
  return {
    what: `${loops} loops of dd conv=fsync`,
    inject: async () => {
      const alone = [
        '--detach',
        '--rm',
        '--network',
        'none',
        '--user',
        'root',
        '--volume',
        '/load',
        '--no-healthcheck',
      ];
      await docker('run', ...alone, '--name', name, '--entrypoint', 'timeout', image, String(seconds), 'sh', '-c', all);
    },
    heal: async () => {
      // it may have ended
      await run('docker', ['rm', '--force', '--volumes', name]);
    },
  };
}
