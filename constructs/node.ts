/** One server: its volume and its container. Nothing in them depends on the number of servers or on who leads. */
import { Container } from '@cdktf/provider-docker/lib/container/index.js';
import type { Network } from '@cdktf/provider-docker/lib/network/index.js';
import { Volume } from '@cdktf/provider-docker/lib/volume/index.js';
import type { ITerraformDependable } from 'cdktf';
import { Construct } from 'constructs';
import { containerDefinition } from './container-definition.js';
import type { ClusterSettings } from './settings.js';
import { terraformLiteral } from './terraform-literal.js';
import { clusterLabel, type NodeSpec } from './topology.js';

/** Where the volume is mounted: data, Raft state and secrets live there. */
const home = '/var/lib/postgresql';

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
    const definition = containerDefinition(spec, settings, props.image);
    this.container = new Container(this, 'container', {
      ...definition,
      env: definition.env.map(terraformLiteral),
      ...(settings.memory !== undefined && { memory: settings.memory, memorySwap: settings.memory }),
      networksAdvanced: [{ name: props.network.name, aliases: [settings.prefix] }],
      volumes: [{ volumeName: volume.name, containerPath: home }],
    });
    // short addresses: `docker_container.primary` is what plans and logs show
    this.container.overrideLogicalId(spec.name);
  }
}
