/** Stack `cluster`: the network, the servers, the hooks that move members, and the addresses for clients. */
import { Network } from '@cdktf/provider-docker/lib/network/index.js';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { declaredDefinitions } from './container-definition.js';
import { currentAttempt, firstDeployPath, readFirstDeploy } from './first-deploy.js';
import { Guard } from './guard.js';
import { Membership } from './membership.js';
import { Node } from './node.js';
import { NodeHooks } from './node-hooks.js';
import { declaredLimits, postgresConfLines, splitPostgresSettings } from './postgres-settings.js';
import type { ClusterSettings } from './settings.js';
import { declareTerraform } from './terraform-block.js';
import { clusterLabel, clusterTopology, connectionUrl, maximumNodes } from './topology.js';

export interface ClusterStackProps {
  readonly settings: ClusterSettings;
  /** Tag of the node image; plain text, see ImageStack. */
  readonly image: string;
  /** The project's directory, absolute. */
  readonly root: string;
}

export class ClusterStack extends TerraformStack {
  constructor(scope: Construct, id: string, { settings, image, root }: ClusterStackProps) {
    super(scope, id);
    const topology = clusterTopology(settings);
    declareTerraform(this, settings, root);

    const context = {
      root,
      cluster: {
        ...topology,
        definitions: declaredDefinitions(topology, settings, image),
        reloadable: postgresConfLines(splitPostgresSettings(settings.postgresSettings).reloadable),
        limits: declaredLimits(settings.postgresSettings),
        shrinkBelowMajority: settings.shrinkBelowMajority,
      },
    };
    const attempt = currentAttempt(readFirstDeploy(firstDeployPath(root, settings.prefix)));
    const guard = new Guard(this, 'guard', { context, attempt }).resource;
    const network = new Network(this, 'network', {
      name: topology.network,
      driver: 'bridge',
      labels: [{ label: clusterLabel, value: settings.prefix }],
      dependsOn: [guard],
    });
    const nodes = topology.nodes.map((spec) => new Node(this, spec.name, { spec, settings, image, network, guard }));
    const slots = Array.from({ length: maximumNodes }, (_, index) => {
      return new NodeHooks(this, `slot${index + 1}`, { context, slot: index + 1, node: nodes[index] });
    });
    new Membership(this, 'membership', { context, slots });

    new TerraformOutput(this, 'read_write', { value: connectionUrl(topology, 'read-write') });
    new TerraformOutput(this, 'read_only', { value: connectionUrl(topology, 'prefer-standby') });
    new TerraformOutput(this, 'nodes', {
      value: Object.fromEntries(
        topology.nodes.map(({ id, name, container, postgresPort, raftPort }) => [
          name,
          { id, container, postgres_port: postgresPort, raft_port: raftPort },
        ]),
      ),
    });
  }
}
