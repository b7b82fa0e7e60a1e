/** Faults of a server's disk: it is full. */
import type { FaultCluster, FaultServer } from '../fault-cluster.js';
import type { Fault } from '../fault.js';

const directory = '/var/lib/postgresql';
const filler = `${directory}/filler`;
/** In one piece as far as that goes, and then to the last byte. */
const fill = `
  available=$(df --output=avail --block-size=1 ${directory} | tail -1)
  fallocate --length "$((available > 1048576 ? available - 1048576 : 1))" ${filler} || true
  cat /dev/zero >>${filler} 2>/dev/null || true`;
/** Segments that are begun, so that the full disk is needed: those that are there already are used first. */
const segments = 8;

/** Only for clusters whose servers have disks of their own. */
export function fillDisk(cluster: FaultCluster, server: FaultServer): Fault {
  return {
    what: `fill the disk of ${server.name}`,
    inject: async () => {
      await server.exec('bash', '-c', fill);
      await switchSegments(cluster);
    },
    heal: async () => server.onVolume(`rm -f ${filler}`),
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
