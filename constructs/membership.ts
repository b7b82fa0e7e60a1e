/** The hooks of the whole cluster: `Join` makes the declared servers members, `Teardown` announces that all of them go. */
import type { DataResource } from 'cdktf';
import { Construct } from 'constructs';
import { declareHook, type HookContext } from './hook.js';
import type { NodeHooks } from './node-hooks.js';
import { terraformLiteral } from './terraform-literal.js';

export interface MembershipProps {
  readonly context: HookContext;
  /** All nine slots. */
  readonly slots: readonly NodeHooks[];
}

export class Membership extends Construct {
  readonly join: DataResource;
  readonly teardown: DataResource;

  constructor(scope: Construct, id: string, { context, slots }: MembershipProps) {
    super(scope, id);
    const { prefix, nodes, reloadable } = context.cluster;
    const checks = slots.flatMap((slot) => slot.check ?? []);
    const leaves = slots.map((slot) => slot.leave);

    this.join = declareHook(this, {
      context,
      input: { hook: 'join', prefix },
      when: 'create',
      triggers: {
        nodes: nodes.map((node) => node.id).join(','),
        // going from 5 to 3, broken off after one leave and set back to 5, adds that one again
        leaves: leaves.map((leave) => leave.id).join(','),
        // what a reload can take is handed to the servers as they run
        settings: terraformLiteral(reloadable),
      },
      dependsOn: checks,
    });
    // made and destroyed at once, not last and first: a deploy that was killed early is to be torn down, too
    this.teardown = declareHook(this, {
      context,
      input: { hook: 'teardown', prefix },
      when: 'destroy',
      dependsOn: [],
    });
  }
}
