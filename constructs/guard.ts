/** The first hook of all: nothing is created while something is in the way. */
import type { DataResource } from 'cdktf';
import { Construct } from 'constructs';
import { declareHook, type HookContext } from './hook.js';

export interface GuardProps {
  readonly context: HookContext;
  /** Attempt at the cluster's first deploy, from 1; a new one looks again, and removes what a killed one left. */
  readonly attempt: number;
}

/**
 * What `npm start` checks before every deploy, for the first one by plain `cdktf deploy`: network and volumes wait for it.
 *
 * It is never replaced once the cluster has formed. Whatever is changed waits until those that depend on it and are to go
 * have gone, made before destroyed or not (tried on Terraform 1.11): a guard that was replaced together with the servers
 * would have all of them removed before the first new one came.
 */
export class Guard extends Construct {
  readonly resource: DataResource;

  constructor(scope: Construct, id: string, { context, attempt }: GuardProps) {
    super(scope, id);
    this.resource = declareHook(this, {
      context,
      input: { hook: 'guard', prefix: context.cluster.prefix },
      when: 'create',
      ...(attempt > 1 && { triggers: { attempt: String(attempt) } }),
      dependsOn: [],
    });
  }
}
