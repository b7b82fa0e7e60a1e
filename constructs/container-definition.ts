/** What a node's container is made of, as plain values, and the hash that tells one definition from another. Pure. */
import { createHash } from 'node:crypto';
import { postgresConfLines, splitPostgresSettings } from './postgres-settings.js';
import type { ClusterSettings } from './settings.js';
import {
  clusterLabel,
  type ClusterTopology,
  definitionLabel,
  nodeLabel,
  type NodeSpec,
  postgresPortInside,
} from './topology.js';

/** Seconds from SIGTERM to SIGKILL: a hand-over of leadership and a fast shutdown fit. */
const stopSeconds = 60;
/** MiB of /dev/shm: parallel queries take their shared memory there. */
const sharedMemory = 256;

/** Everything but its volume and its network, and the memory limit, which Docker changes in place. */
export function containerDefinition(spec: NodeSpec, settings: ClusterSettings, image: string) {
  const definition = {
    name: spec.container,
    hostname: spec.hostname,
    image,
    env: environment(spec, settings),
    restart: 'unless-stopped',
    // with must_run true a mere plan deletes a stopped container
    mustRun: false,
    stopTimeout: stopSeconds,
    destroyGraceSeconds: stopSeconds,
    shmSize: sharedMemory,
    logDriver: 'json-file',
    logOpts: { 'max-size': '10m', 'max-file': '3' },
    labels: [
      { label: clusterLabel, value: settings.prefix },
      { label: nodeLabel, value: String(spec.id) },
      // Docker changes a limit in place but cannot lift one: a changed label replaces the container
      ...(settings.memory === undefined ? [] : [{ label: 'pgraft.memory', value: 'limited' }]),
    ],
    ports: [
      published(postgresPortInside, spec.postgresPort, settings.bindAddress),
      published(spec.raftPort, spec.raftPort, settings.bindAddress),
    ],
  };
  const hash = definitionHash(definition);
  return { ...definition, labels: [...definition.labels, { label: definitionLabel, value: hash }] };
}

/** The hash of each declared node's definition by its id, as its container carries it in a label. */
export function declaredDefinitions(
  { nodes }: ClusterTopology,
  settings: ClusterSettings,
  image: string,
): Record<string, string> {
  return Object.fromEntries(
    nodes.map((spec) => {
      const { labels } = containerDefinition(spec, settings, image);
      return [String(spec.id), labels.find(({ label }) => label === definitionLabel)?.value ?? ''];
    }),
  );
}

/** Secrets are never here: `docker inspect` shows it. What a reload can take comes another way. */
function environment(spec: NodeSpec, settings: ClusterSettings): string[] {
  return [
    `PGRAFT_NODE_ID=${spec.id}`,
    `PGRAFT_NAME=${spec.name}`,
    `PGRAFT_LISTEN_ADDRESS=0.0.0.0:${spec.raftPort}`,
    `PGRAFT_ADVERTISE_ADDRESS=${spec.raftAddress}`,
    `PGRAFT_POSTGRES_SETTINGS=${postgresConfLines(splitPostgresSettings(settings.postgresSettings).restart)}`,
  ];
}

function published(internal: number, external: number, ip: string) {
  return { internal, external, ip, protocol: 'tcp' };
}

function definitionHash(definition: object): string {
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex').slice(0, 12);
}
