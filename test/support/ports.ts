/** Ports for the containers of a test: fixed ones, since a container keeps its ports over restarts. */
import { isFree } from '../../scripts/kit/guards.js';

/** So many test files at once look in places of their own before they look in each other's. */
const places = 4;
/** Vitest's number of the process among those that run at the same time, from 1. */
const place = Number(process.env['VITEST_POOL_ID'] ?? process.pid) % places;

/**
 * `count` ports of 127.0.0.1 from `first` to `last` that nobody listens on now.
 *
 * @throws Error when there are not so many
 */
export async function freePorts(first: number, last: number, count: number): Promise<number[]> {
  const size = last - first + 1;
  const begin = place * Math.floor(size / places);
  const free: number[] = [];
  for (let i = 0; i < size && free.length < count; i += 1) {
    const port = first + ((begin + i) % size);
    if (await isFree(port, '127.0.0.1')) free.push(port);
  }
  if (free.length < count) throw new Error(`no ${count} free ports from ${first} to ${last}; end other tests`);
  return free;
}
