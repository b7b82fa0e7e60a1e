/** Ports for the containers of a test: fixed ones, since a container keeps its ports over restarts. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isFree } from '../../scripts/kit/guards.js';

/**
 * A port whose container is stopped looks free to the tests that run beside this one: so the UDP port of the same number is bound meanwhile,
 * which ends with this process at the latest.
 */
const reserved = new Map<number, Socket>();

/**
 * `count` ports of 127.0.0.1 from `first` to `last` that nobody listens on, nor any test has taken, until they are released.
 *
 * @throws Error when there are not so many
 */
export async function takePorts(first: number, last: number, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let port = first; port <= last && taken.length < count; port += 1) {
    if (!(await reserve(port))) continue;
    if (await isFree(port, '127.0.0.1')) taken.push(port);
    else releasePorts([port]);
  }
  if (taken.length === count) return taken;
  releasePorts(taken);
  throw new Error(`no ${count} free ports from ${first} to ${last}; end other tests`);
}

export function releasePorts(ports: readonly number[]): void {
  for (const port of ports) {
    reserved.get(port)?.close();
    reserved.delete(port);
  }
}

async function reserve(port: number): Promise<boolean> {
  if (reserved.has(port)) return false;
  const socket = createSocket('udp4').unref();
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
  } catch {
    socket.close();
    return false;
  }
  reserved.set(port, socket);
  return true;
}
