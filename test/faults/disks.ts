/**
 * Volumes of a given size, so that a server's disk can be full without this machine's: a sparse file, a file system in it, a loop
 * device of it, and a volume of Docker's on that.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../scripts/kit/errors.js';
import { docker } from '../support/node-container.js';

/** The user postgres of the image. */
const owner = '999:999';
const suffix = '.disk';
const deadline = 30_000;

/** @throws Error where there are no loop devices, or not for this user */
export function makeDisk(volume: string, megabytes: number): void {
  const file = fileOf(volume);
  command('truncate', '--size', `${megabytes}M`, file);
  command('mkfs.ext4', '-q', '-m', '0', '-E', `root_owner=${owner}`, file);
  const device = command('losetup', '--find', '--show', file);
  docker([
    'volume',
    'create',
    '--opt',
    'type=ext4',
    '--opt',
    `device=${device}`,
    '--opt',
    'o=errors=remount-ro',
    volume,
  ]);
}

/** The loop device below a volume. @throws Error when it has none */
export function deviceOf(volume: string): string {
  const [device] = devicesOf(fileOf(volume));
  if (device === undefined) throw new Error(`${volume} is on no disk of its own`);
  return device;
}

/** After an error of its file system, while nobody uses the volume. */
export function repairDisk(volume: string): void {
  // 1: mended
  command('sh', '-c', 'e2fsck -p "$0" || test $? -eq 1', deviceOf(volume));
}

/** What is below the volumes whose name `isGone`; the volumes themselves have to be removed before. */
export function removeDisks(isGone: (volume: string) => boolean): void {
  const files = readdirSync(tmpdir()).filter((name) => name.endsWith(suffix) && isGone(name.slice(0, -suffix.length)));
  for (const file of files.map((name) => join(tmpdir(), name))) {
    for (const device of devicesOf(file)) detach(device, file);
    rmSync(file, { force: true });
  }
}

/** Why this machine cannot have such volumes; undefined when it can. It is tried, with the engine that the containers run on. */
export function whyNoDisks(image: string): string | undefined {
  const volume = `pgf-${process.pid}-try`;
  const writes = ['--entrypoint', 'touch', '--volume', `${volume}:/disk`, image, '/disk/file'];
  try {
    makeDisk(volume, 16);
    docker(['run', '--rm', '--network', 'none', ...writes]);
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    docker(['volume', 'rm', '--force', volume]);
    removeDisks((name) => name === volume);
  }
}

function fileOf(volume: string): string {
  return join(tmpdir(), `${volume}${suffix}`);
}

/** Another test may be removing the same one. */
function detach(device: string, file: string): void {
  try {
    command('losetup', '--detach', device);
  } catch (error) {
    if (devicesOf(file).includes(device)) throw error;
  }
}

function devicesOf(file: string): string[] {
  const devices = command('losetup', '--associated', file, '--noheadings', '--list', '--output', 'NAME');
  return devices.split('\n').filter((line) => line !== '');
}

function command(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', timeout: deadline, stdio: 'pipe' }).trim();
}
