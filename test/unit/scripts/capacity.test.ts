import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../constructs/topology.js';
import {
  diskOfImage,
  diskOfServer,
  freeSpace,
  memoryOfServer,
  missingOf,
  shortages,
  type Need,
  type Room,
} from '../../../scripts/kit/capacity.js';
import { dockerAnswer } from '../../../scripts/kit/docker-answer.js';

const room: Room = { memory: 8000, freeMemory: 6000, directory: '/var/lib/docker', freeDisk: 50_000 };
const three: Need = { containers: 3, volumes: 3, image: false, memoryLimit: undefined };

describe('room for the servers', () => {
  it('is there where memory and disk suffice to the last MiB', () => {
    const tight = { ...room, freeMemory: 3 * memoryOfServer, freeDisk: 3 * diskOfServer };
    expect(shortages(room, three)).toEqual([]);
    expect(shortages(tight, three)).toEqual([]);
    expect(shortages({ ...tight, freeDisk: tight.freeDisk + diskOfImage }, { ...three, image: true })).toEqual([]);
  });

  it('is not there with too little free memory, with figures and fix', () => {
    expect(shortages({ ...room, freeMemory: 299 }, three)).toEqual([
      "Docker's machine has 299 MiB of memory free, and 3 new servers need 300 MiB when idle (100 MiB each); " +
        'end what else uses memory, give Docker more, or choose fewer servers with PGRAFT_NODES',
    ]);
  });

  it('goes by all memory where the free one cannot be known', () => {
    const far = { ...room, freeMemory: undefined, freeDisk: undefined };
    expect(shortages({ ...far, memory: 300 }, three)).toEqual([]);
    expect(shortages({ ...far, memory: 299 }, three)[0]).toContain('has 299 MiB of memory, and 3 new servers');
  });

  it('is not there with a memory limit above all memory; limits may add up to more', () => {
    expect(shortages(room, { ...three, memoryLimit: 8000 })).toEqual([]);
    expect(shortages(room, { ...three, memoryLimit: 8001 })).toEqual([
      "memory = 8001 MiB for each server is more than the 8000 MiB that Docker's whole machine has, so it limits nothing; " +
        'choose a smaller PGRAFT_MEMORY, or none',
    ]);
  });

  it('is not there with too little disk, with figures and fix', () => {
    expect(shortages({ ...room, freeDisk: 767 }, three)).toEqual([
      '/var/lib/docker, where Docker keeps images and volumes, has 767 MiB free, and 768 MiB are needed: 256 MiB for the data of ' +
        'each of 3 new servers; make room there (see "docker system df"), or choose fewer servers with PGRAFT_NODES',
    ]);
    const [withImage] = shortages({ ...room, freeDisk: 2815 }, { ...three, image: true });
    expect(withImage).toContain('has 2815 MiB free, and 2816 MiB are needed: 2048 MiB to build the image, 256 MiB');
  });

  it('is there for servers that exist already, on the fullest machine', () => {
    const full = { ...room, freeMemory: 0, freeDisk: 0 };
    expect(shortages(full, { containers: 0, volumes: 0, image: false, memoryLimit: 9000 })).toEqual([]);
  });
});

describe('missingOf', () => {
  it('counts what is declared and does not carry our label', () => {
    const topology = clusterTopology({
      nodes: 3,
      prefix: 'pgraft',
      postgresPort: 5432,
      raftPort: 7001,
      bindAddress: '127.0.0.1',
    });
    const object = (kind: 'container' | 'volume', name: string, cluster = 'pgraft') => ({
      kind,
      name,
      id: name,
      cluster,
    });
    const objects = [
      object('container', 'pgraft-primary'),
      object('container', 'pgraft-replica1', 'another'),
      object('container', 'pgraft-replica8'),
      object('volume', 'pgraft-primary-data'),
      object('volume', 'pgraft-replica1-data'),
    ];
    expect(missingOf([], topology)).toEqual({ containers: 3, volumes: 3 });
    expect(missingOf(objects, topology)).toEqual({ containers: 2, volumes: 1 });
  });
});

describe('freeSpace', () => {
  it('is that of a directory of this machine, and unknown where there is none', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pgraft-space-'));
    try {
      expect(await freeSpace(directory)).toBeGreaterThan(0);
      expect(await freeSpace(join(directory, 'nowhere'))).toBeUndefined();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('dockerAnswer', () => {
  const failed = (problem: string) => ({ ok: false, stdout: '', problem });

  it('is what docker printed', () => {
    expect(dockerAnswer({ ok: true, stdout: 'text', problem: '' }, 'Docker does not answer')).toBe('text');
  });

  it.each([
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://x": ' +
      'dial unix /var/run/docker.sock: connect: permission denied',
    'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock',
  ])('tells one who may not use Docker what to do, and not to start it: %s', (problem) => {
    const ask = () => dockerAnswer(failed(problem), 'Docker does not answer');
    expect(ask).toThrow(`this user has no right to use Docker: ${problem}; run as a user who may use Docker`);
    expect(ask).toThrow('usermod -aG docker');
    expect(ask).not.toThrow('start Docker');
  });

  it.each([
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'error during connect: ssh: Permission denied (publickey).',
  ])('tells everybody else to look after Docker: %s', (problem) => {
    const ask = () => dockerAnswer(failed(problem), 'Docker does not answer');
    expect(ask).toThrow(`Docker does not answer: ${problem}; start Docker`);
    expect(ask).not.toThrow('usermod');
  });
});
