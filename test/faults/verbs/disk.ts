/** Faults of a server's disk: it is full, or cannot be written any more. */
import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { docker } from '../../support/shell.js';
import { deviceOf, repairDisk } from '../disks.js';
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import type { Fault } from '../fault.js';
import { start } from './containers.js';
import { killProcess, terminateProcess } from './processes.js';

const directory = '/var/lib/postgresql';
const raftDirectory = `${directory}/pgraft`;
/** Segments that are begun, so that the full disk is needed: those that are there already are used first. */
const segments = 8;

/** Only for clusters whose servers have disks of their own. @param left bytes that stay free. @default none */
export function fillDisk(cluster: FaultCluster, server: FaultServer, left = 0): Fault {
  return {
    what: `fill the disk of ${server.name}`,
    inject: async () => {
      await server.exec('bash', '-c', fill(directory, left));
      await switchSegments(cluster);
    },
    heal: async () => server.onVolume('rm -f filler'),
  };
}

/**
 * Only for clusters whose servers have a disk of its own for Raft's directory. What it has made in advance lasts for long: the worker is
 * ended, and needs more when it comes back.
 */
export function fillRaftDisk(server: FaultServer): Fault {
  return {
    what: `fill the Raft directory of ${server.name}`,
    inject: async () => {
      await server.exec('bash', '-c', fill(raftDirectory, 0));
      await terminateProcess(server, 'consensus worker');
    },
    heal: async () => server.onVolume('rm -f pgraft/filler'),
  };
}

/** In one piece as far as that goes, and then to the last byte. @param left bytes that stay free */
function fill(where: string, left: number): string {
  return `
    available=$(($(df --output=avail --block-size=1 ${where} | tail -1) - ${left}))
    fallocate --length "$((available > 1048576 ? available - 1048576 : 1))" ${where}/filler || true
    ${left > 0 ? `head --bytes=1048576` : 'cat'} /dev/zero >>${where}/filler 2>/dev/null || true`;
}

/**
 * The volume is mounted read-only, over what it was: what is opened from then on cannot be written. PostgreSQL, which has files open,
 * is killed.
 */
export function mountReadOnly(server: FaultServer): Fault {
  return {
    what: `mount the volume of ${server.name} read-only`,
    inject: async () => {
      await server.inMountNamespace(`mount --bind ${directory} ${directory} && mount -o remount,bind,ro ${directory}`);
      await killProcess(server, 'postmaster').inject();
    },
    // what it was is below
    heal: async () =>
      server.inMountNamespace(
        `[ "$(grep -c ' ${directory} ' /proc/self/mounts)" -lt 2 ] || umount --lazy ${directory}`,
      ),
  };
}

/** An error of the file system, after which the kernel lets nobody write to it. Only for servers with disks of their own. */
export function failFileSystem(server: FaultServer): Fault {
  const { volume } = server.node;
  return {
    what: `an error in the file system of ${server.name}`,
    inject: async () => {
      const device = basename(deviceOf(volume));
      await writeFile(`/sys/fs/ext4/${device}/trigger_fs_error`, '1');
    },
    // a file system with errors is mounted anew by nobody else
    heal: async () => {
      await docker('stop', server.container);
      repairDisk(volume);
      await start(server);
    },
  };
}

/** As long as there is a primary that can. */
async function switchSegments(cluster: FaultCluster): Promise<void> {
  const isWritable = (await cluster.statuses()).map((status) => status?.writable === true);
  const primary = cluster.servers[isWritable.indexOf(true)];
  if (primary === undefined) return;
  // a segment that is empty is not left
  const statement = "SELECT pg_logical_emit_message(false, 'pgraft', 'full'), pg_switch_wal()";
  try {
    for (let segment = 0; segment < segments; segment += 1) await primary.query(statement);
  } catch {
    // its disk is full, or another fault came between
  }
}
