/**
 * Whether Docker's machine has room for the servers that are still to be made. What exists already has its room.
 *
 * Only what cannot work is refused. A memory limit is a cap and no reservation: limits may add up to more than there is.
 */
import { statfs } from 'node:fs/promises';
import { freemem, hostname, totalmem } from 'node:os';
import { z } from 'zod';
import { imageTag } from '../../constructs/image-tag.js';
import type { ClusterSettings } from '../../constructs/settings.js';
import type { ClusterTopology } from '../../constructs/topology.js';
import { dockerAnswer } from './docker-answer.js';
import { listObjects, type NamedObject } from './guards.js';
import { projectDirectory } from './places.js';
import { outcomeOf, type Shell } from './shell.js';

/** What the image and an idle server take was measured: the image's build 1.6 GiB, a primary 97 MiB of memory, its new data 66 MiB. */
export const memoryOfServer = 100;
/** Its data, and some WAL: a server whose disk is full stops. */
export const diskOfServer = 256;
export const diskOfImage = 2048;

/** What Docker's machine has, in MiB. */
export interface Room {
  readonly memory: number;
  /** What is not in use of it; undefined when the engine is on another machine, which cannot be asked. */
  readonly freeMemory: number | undefined;
  /** Where Docker keeps images and volumes. */
  readonly directory: string;
  /** Free space there; undefined when the engine is on another machine. */
  readonly freeDisk: number | undefined;
}

/** What is still to be made. */
export interface Need {
  readonly containers: number;
  readonly volumes: number;
  readonly image: boolean;
  /** Memory limit of each server in MiB. */
  readonly memoryLimit: number | undefined;
}

const limit = 10_000;
const info = z.object({ MemTotal: z.number(), DockerRootDir: z.string(), Name: z.string() });

/**
 * What Docker's machine has too little of for what is missing of the cluster, a sentence each; empty when all is there.
 *
 * @throws UserError when the Docker engine does not answer
 */
export async function findShortages(
  topology: ClusterTopology,
  { memory }: Pick<ClusterSettings, 'memory'>,
  $: Shell,
): Promise<string[]> {
  const [objects, image, room] = await Promise.all([listObjects($), hasImage($), readRoom($)]);
  return shortages(room, { ...missingOf(objects, topology), image: !image, memoryLimit: memory });
}

/** Pure: how many of the servers are still to be made. */
export function missingOf(
  objects: readonly NamedObject[],
  { prefix, nodes }: ClusterTopology,
): Pick<Need, 'containers' | 'volumes'> {
  const isThere = (kind: NamedObject['kind'], name: string) =>
    objects.some((object) => object.kind === kind && object.name === name && object.cluster === prefix);
  return {
    containers: nodes.filter(({ container }) => !isThere('container', container)).length,
    volumes: nodes.filter(({ volume }) => !isThere('volume', volume)).length,
  };
}

async function ask($: Shell, args: readonly string[]): Promise<string> {
  const output = await $({ timeout: limit, input: '' })`docker ${args}`;
  return dockerAnswer(outcomeOf(output, 'docker', limit), 'Docker does not answer');
}

async function hasImage($: Shell): Promise<boolean> {
  return (await ask($, ['image', 'ls', '--quiet', imageTag(projectDirectory)])) !== '';
}

async function readRoom($: Shell): Promise<Room> {
  const engine = info.parse(JSON.parse(await ask($, ['info', '--format', '{{json .}}'])));
  const local = engine.Name === hostname() && engine.MemTotal === totalmem();
  return {
    memory: mebibytes(engine.MemTotal),
    freeMemory: local ? mebibytes(freemem()) : undefined,
    directory: engine.DockerRootDir,
    freeDisk: local ? await freeSpace(engine.DockerRootDir) : undefined,
  };
}

/** Free space for users in MiB; undefined when nothing can be seen of the directory. */
export async function freeSpace(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return mebibytes(bavail * bsize);
  } catch {
    return undefined;
  }
}

/** Pure: what there is too little of, a sentence each. */
export function shortages(room: Room, need: Need): string[] {
  return [...shortagesOfMemory(room, need), ...shortagesOfDisk(room, need)];
}

function shortagesOfMemory({ memory, freeMemory }: Room, { containers, memoryLimit }: Need): string[] {
  if (containers === 0) return [];
  const found: string[] = [];
  if (memoryLimit !== undefined && memoryLimit > memory) {
    found.push(
      `memory = ${memoryLimit} MiB for each server is more than the ${memory} MiB that Docker's whole machine has, so it limits ` +
        `nothing; choose a smaller PGRAFT_MEMORY, or none`,
    );
  }
  const needed = containers * memoryOfServer;
  const there = freeMemory ?? memory;
  if (needed > there) {
    const has = freeMemory === undefined ? `has ${memory} MiB of memory` : `has ${freeMemory} MiB of memory free`;
    found.push(
      `Docker's machine ${has}, and ${countOf(containers)} need${containers === 1 ? 's' : ''} ${needed} MiB when idle (${memoryOfServer} MiB ` +
        'each); end what else uses memory, give Docker more, or choose fewer servers with PGRAFT_NODES',
    );
  }
  return found;
}

function shortagesOfDisk({ directory, freeDisk }: Room, { volumes, image }: Need): string[] {
  const needed = volumes * diskOfServer + (image ? diskOfImage : 0);
  if (freeDisk === undefined || freeDisk >= needed) return [];
  const parts = [
    ...(image ? [`${diskOfImage} MiB to build the image`] : []),
    ...(volumes > 0 ? [`${diskOfServer} MiB for the data of each of ${countOf(volumes)}`] : []),
  ];
  return [
    `${directory}, where Docker keeps images and volumes, has ${freeDisk} MiB free, and ${needed} MiB are needed: ` +
      `${parts.join(', ')}; make room there (see "docker system df")${volumes > 1 ? ', or choose fewer servers with PGRAFT_NODES' : ''}`,
  ];
}

function countOf(servers: number): string {
  return servers === 1 ? '1 new server' : `${servers} new servers`;
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}
