/** What is changed in the code of a running cluster, and how long that may take. */
import type { Context } from '../../test/support/cluster-project.js';
import type { Limits } from '../kit.js';

/** What is declared: the settings that the changes are made of, and which of two images. */
export interface Declared {
  readonly nodes: number;
  readonly sharedBuffers: string;
  readonly workMem: string;
  readonly image: 'of this checkout' | 'other';
}

export interface Change {
  /** For `--only`. */
  readonly name: string;
  readonly what: string;
  /** Seconds that each may take. */
  readonly limit?: number;
  /** Of the longest time without an acknowledgement, in milliseconds. */
  readonly gap?: Limits;
  /** How many servers there are before; the rest is as the change before has left it. */
  readonly nodes: number;
  /** No container may be another one afterwards. */
  readonly keeps?: boolean;
  to(before: Declared): Partial<Declared>;
}

export const first: Declared = { nodes: 3, sharedBuffers: '48MB', workMem: '4MB', image: 'of this checkout' };

export function contextOf({ nodes, sharedBuffers, workMem }: Declared): Context {
  return { nodes, memory: 512, postgresSettings: { shared_buffers: sharedBuffers, work_mem: workMem } };
}

const rolled: Pick<Change, 'limit' | 'gap' | 'nodes'> = { limit: 45, gap: { median: 400 }, nodes: 3 };

export const changes: readonly Change[] = [
  { name: 'grow', what: '3 -> 5 servers', limit: 20, nodes: 3, keeps: true, to: () => ({ nodes: 5 }) },
  { name: 'shrink', what: '5 -> 3 servers', limit: 15, nodes: 5, keeps: true, to: () => ({ nodes: 3 }) },
  {
    ...{ name: 'image', what: 'another image, which is there, on 3 servers' },
    ...rolled,
    to: ({ image }) => ({ image: image === 'other' ? 'of this checkout' : 'other' }),
  },
  {
    ...{ name: 'restart', what: 'another shared_buffers on 3 servers' },
    ...rolled,
    to: ({ sharedBuffers }) => ({ sharedBuffers: sharedBuffers === '48MB' ? '64MB' : '48MB' }),
  },
  {
    ...{ name: 'reload', what: 'another work_mem on 3 servers', nodes: 3, keeps: true },
    to: ({ workMem }) => ({ workMem: workMem === '4MB' ? '8MB' : '4MB' }),
  },
];
