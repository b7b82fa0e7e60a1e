/** The client's side of image/pgraft/core/greeting.h over a published Raft port, for strangers that have no key. */
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';

const nonceSize = 32;
const patience = 5_000;

export const helloSize = 512;
export const challengeSize = 256;
export const proofSize = 32;

/** What a stream is for. */
export const streamKinds = { raft: 1, peer: 2 } as const;

export interface Identity {
  /** @default libraft's */
  readonly kind?: keyof typeof streamKinds;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly address?: string;
  /** Of the protocol. @default the servers' own */
  readonly version?: number;
}

/** A HELLO, well-formed in that version of the protocol. */
export function hello({
  from,
  to,
  name,
  address = `${name}:${7000 + from}`,
  kind = 'raft',
  version = 1,
}: Identity): Buffer {
  const head = Buffer.alloc(16);
  head.write('PGFT');
  head.writeUInt16LE(version, 4);
  head.writeUInt16LE(streamKinds[kind], 6);
  head.writeInt32LE(from, 8);
  head.writeInt32LE(to, 12);
  const postgresPort = Buffer.from([0x38, 0x15]);
  const parts = [head, randomBytes(nonceSize), postgresPort, text(name), text('ab'.repeat(16)), text(address)];
  return Buffer.concat([...parts, Buffer.alloc(helloSize)], helloSize);
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
}

/**
 * libraft's RequestVote as it goes over the wire, of a candidate with an endless log and with the flag that disturbs a leader: a
 * server that reads it takes over its term.
 */
export function requestVote({ term, candidate }: { term: number; candidate: number }): Buffer {
  const type = 3;
  const disruptLeader = 1;
  const body = [term, candidate, 1_000_000, term, disruptLeader];
  const words = [type, 8 * body.length, ...body];
  const message = Buffer.alloc(8 * words.length);
  for (const [i, word] of words.entries()) message.writeBigUInt64LE(BigInt(word), 8 * i);
  return message;
}

/** A beat of a leader, as it goes over a link between servers. */
export function beat({ term, promotionTerm }: { term: number; promotionTerm: number }): Buffer {
  const message = Buffer.alloc(4 + 42);
  message.writeUInt32LE(42, 0);
  message.writeUInt8(1, 4);
  message.writeUInt8(1, 5);
  for (const [i, value] of [term, 1, 1, promotionTerm, 4096].entries())
    message.writeBigUInt64LE(BigInt(value), 6 + 8 * i);
  return message;
}

/**
 * Greet with the key, say something, and listen until the other side hangs up.
 *
 * @throws Error when it has not hung up after 5 s, or does before the greeting is over
 */
export async function greetAndSay(port: number, key: string, identity: Identity, said: Buffer): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const hungUp = closing(socket);
  const greeting = hello(identity);
  const heard: Buffer[] = [];
  let greeted = false;
  socket.on('data', (bytes) => {
    heard.push(bytes);
    const challenge = Buffer.concat(heard);
    if (greeted || challenge.length < challengeSize) return;
    greeted = true;
    const proof = createHmac('sha256', Buffer.from(key, 'hex')).update('client').update(greeting).update(challenge);
    socket.write(Buffer.concat([proof.digest(), said]));
  });
  socket.write(greeting);
  await within(hungUp, socket);
  if (Buffer.concat(heard).length < challengeSize)
    throw new Error('the server hung up before it had sent its challenge');
}

/**
 * Send these bytes and listen until the other side hangs up.
 *
 * @returns all that it said
 * @throws Error when it has not hung up after 5 s
 */
export async function converse(port: number, chunks: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  const heard: Buffer[] = [];
  socket.on('data', (bytes) => heard.push(bytes));
  const hungUp = closing(socket);
  for (const chunk of chunks) socket.write(chunk);
  await within(hungUp, socket);
  return Buffer.concat(heard);
}

/**
 * Open connections that say nothing, do something meanwhile, and wait until the other side has hung up on all of them.
 *
 * @returns milliseconds from the first connection to the last end
 */
export async function holdOpen(port: number, count: number, meanwhile: () => Promise<void>): Promise<number> {
  const started = performance.now();
  const sockets = Array.from({ length: count }, () => connect(port, '127.0.0.1'));
  const ends = sockets.map(async (socket) => {
    await within(closing(socket), socket);
    return performance.now() - started;
  });
  const all = Promise.all(ends);
  all.catch(() => undefined);
  try {
    await meanwhile();
    return Math.max(...(await all));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function closing(socket: Socket): Promise<unknown> {
  socket.on('error', () => undefined); // a reset is an end too
  socket.resume();
  return once(socket, 'close');
}

async function within(hungUp: Promise<unknown>, socket: Socket): Promise<void> {
  const controller = new AbortController();
  const late = after(patience, 'late', { signal: controller.signal }).catch(() => 'stopped');
  try {
    if ((await Promise.race([hungUp, late])) === 'late') {
      throw new Error(`the server has not hung up after ${patience} ms; it keeps strangers`);
    }
  } finally {
    controller.abort();
    socket.destroy();
  }
}
