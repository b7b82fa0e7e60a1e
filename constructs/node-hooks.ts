/**
 * The hooks of one slot, 1 to 9. `Leave` and `Roll` are declared whether or not the slot has a node: Terraform does not run
 * the destroy hook of a resource that has left the configuration.
 */
import type { DataResource } from 'cdktf';
import { Construct } from 'constructs';
import { declareHook, type HookContext } from './hook.js';
import type { Node } from './node.js';
import { containerName } from './topology.js';

export interface NodeHooksProps {
  readonly context: HookContext;
  /** The slot, 1 to 9. */
  readonly slot: number;
  /** The slot's node. @default - the slot is empty */
  readonly node?: Node | undefined;
}

export class NodeHooks extends Construct {
  /** Before the node's container is removed or comes: the member leaves the Raft group. */
  readonly leave: DataResource;
  /** Before the node's container is replaced: take the turn, hand leadership over. */
  readonly roll: DataResource;
  /** After the node's container was made: it is healthy again, pass the turn on. Undefined for an empty slot. */
  readonly check: DataResource | undefined;

  constructor(scope: Construct, id: string, { context, slot, node }: NodeHooksProps) {
    super(scope, id);
    const { prefix } = context.cluster;
    const about = { prefix, node: slot, container: containerName(prefix, slot) };
    const present = node === undefined ? 'no' : 'yes';
    const containers = node === undefined ? [] : [node.container];
    const containerId = node?.container.id ?? '';

    this.roll = declareHook(this, {
      context,
      input: { hook: 'roll', ...about, present, containerId, raftAddress: node?.spec.raftAddress ?? '' },
      when: 'destroy',
      triggers: { container: containerId },
      dependsOn: containers,
    });
    // dependents are destroyed first: leave, then roll, then the container
    this.leave = declareHook(this, {
      context,
      input: { hook: 'leave', ...about, present },
      when: 'destroy',
      triggers: { present },
      dependsOn: [...containers, this.roll],
    });
    if (node !== undefined) {
      this.check = declareHook(this, {
        context,
        input: { hook: 'check', ...about, containerId },
        when: 'create',
        triggers: { container: containerId },
        dependsOn: containers,
      });
    }
  }
}
