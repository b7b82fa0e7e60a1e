/** One server: its volume and its container. Nothing in them depends on the number of servers or on who leads. */
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import type { Network } from '@cdktf/provider-docker/lib/network/index.js';
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { postgresConfLines } from './postgres-settings.js';
import type { ClusterSettings } from './settings.js';
import { clusterLabel, nodeLabel, type NodeSpec, postgresPortInside } from './topology.js';

/** Where the volume is mounted: data, Raft state and secrets live there. */
const home = '/var/lib/postgresql';
/** Seconds from SIGTERM to SIGKILL: a hand-over of leadership and a fast shutdown fit. */
const stopSeconds = 60;
/** MiB of /dev/shm: parallel queries take their shared memory there. */
const sharedMemory = 256;

export interface NodeProps {
  readonly spec: NodeSpec;
  readonly settings: ClusterSettings;
  /** Tag of the node image. */
  readonly image: string;
  readonly network: Network;
  /** Nothing is created before it. */
  readonly guard: ITerraformDependable;
}

export class Node extends Construct {
  readonly spec: NodeSpec;
  readonly container: Container;

  constructor(scope: Construct, id: string, props: NodeProps) {
    super(scope, id);
    const { spec, settings } = props;
    this.spec = spec;
    const volume = new Volume(this, 'data', {
      name: spec.volume,
      labels: [{ label: clusterLabel, value: settings.prefix }],
      dependsOn: [props.guard],
      // one that was made again by hand, from a backup, say, would be replaced for its labels, data and all
      lifecycle: { ignoreChanges: ['labels'], ...(settings.protectData && { preventDestroy: true }) },
    });
    volume.overrideLogicalId(`${spec.name}_data`);
    this.container = new Container(this, 'container', {
      name: spec.container,
      hostname: spec.hostname,
      image: props.image,
      env: environment(spec, settings),
      restart: 'unless-stopped',
      // with must_run true a mere plan deletes a stopped container
      mustRun: false,
      stopTimeout: stopSeconds,
      destroyGraceSeconds: stopSeconds,
      ...(settings.memory !== undefined && { memory: settings.memory, memorySwap: settings.memory }),
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
      networksAdvanced: [{ name: props.network.name, aliases: [settings.prefix] }],
      volumes: [{ volumeName: volume.name, containerPath: home }],
    });
    // short addresses: `docker_container.primary` is what plans and logs show
    this.container.overrideLogicalId(spec.name);
  }
}

/** Secrets are never here: `docker inspect` shows it. */
function environment(spec: NodeSpec, settings: ClusterSettings): string[] {
  return [
    `PGRAFT_NODE_ID=${spec.id}`,
    `PGRAFT_NAME=${spec.name}`,
    `PGRAFT_LISTEN_ADDRESS=0.0.0.0:${spec.raftPort}`,
    `PGRAFT_ADVERTISE_ADDRESS=${spec.raftAddress}`,
    `PGRAFT_POSTGRES_SETTINGS=${literal(postgresConfLines(settings.postgresSettings))}`,
  ];
}

function published(internal: number, external: number, ip: string) {
  return { internal, external, ip, protocol: 'tcp' };
}

/** Text that Terraform must take as it is: `${` and `%{` begin templates. */
function literal(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (sign) => sign + sign);
}
