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
    if (await take(port)) taken.push(port);
  }
  if (taken.length === count) return taken;
  releasePorts(taken);
  throw new Error(`no ${count} free ports from ${first} to ${last}; end other tests`);
}

/** Whether all of `ports` could be taken; none is otherwise. */
export async function takeAll(ports: readonly number[]): Promise<boolean> {
  const taken: number[] = [];
  for (const port of ports) {
    if (!(await take(port))) {
      releasePorts(taken);
      return false;
    }
    taken.push(port);
  }
  return true;
}

export function releasePorts(ports: readonly number[]): void {
  for (const port of ports) {
    reserved.get(port)?.close();
    reserved.delete(port);
  }
}

async function take(port: number): Promise<boolean> {
  if (!(await reserve(port))) return false;
  if (await isFree(port, '127.0.0.1')) return true;
  releasePorts([port]);
  return false;
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
