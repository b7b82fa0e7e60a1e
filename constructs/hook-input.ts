/**
 * What Terraform hands to a hook: the contract between `constructs/` (which declares the hooks) and `scripts/hooks/`
 * (which are the commands). Two environment variables, both JSON:
 *
 * - PGRAFT_HOOK_INPUT: the resource's own `input`. For a destroy hook it is the input *of the state*: the node as it was
 *   deployed, since a destroy hook may use nothing but `self`.
 * - PGRAFT_HOOK_CLUSTER: the cluster *as declared now*, written into the provisioner as a literal. Provisioners are not
 *   part of the state, so it changes with N without showing as a change of any resource. A destroy hook thus knows both:
 *   what it is leaving, and who stays.
 */
import { z } from 'zod';
import { maximumNodes } from './topology.js';

/** Environment variable with the resource's input. */
export const hookInputVariable = 'PGRAFT_HOOK_INPUT';

/** Environment variable with the cluster as declared now. */
export const hookClusterVariable = 'PGRAFT_HOOK_CLUSTER';

const nodeId = z.int().min(1).max(maximumNodes);

/** A slot whose node is not declared has no container: `containerId` is then the empty string. */
const slot = {
  prefix: z.string(),
  /** The slot, which is the node's id. */
  node: nodeId,
  /** Name of the slot's container, whether or not it exists. */
  container: z.string(),
};

const guard = z.strictObject({ hook: z.literal('guard'), prefix: z.string() });
const leave = z.strictObject({ hook: z.literal('leave'), ...slot, present: z.enum(['yes', 'no']) });
const roll = z.strictObject({
  hook: z.literal('roll'),
  ...slot,
  present: z.enum(['yes', 'no']),
  /** Docker id of the container as it was deployed; empty when there was none. */
  containerId: z.string(),
  /** Where the others found its Raft, as it was deployed; empty when there was none, or when an older version of this project deployed it. */
  raftAddress: z.string().default(''),
});
const check = z.strictObject({ hook: z.literal('check'), ...slot, containerId: z.string().min(1) });
const join = z.strictObject({ hook: z.literal('join'), prefix: z.string() });
const teardown = z.strictObject({ hook: z.literal('teardown'), prefix: z.string() });

const hookInput = z.discriminatedUnion('hook', [guard, leave, roll, check, join, teardown]);

const cluster = z.strictObject({
  prefix: z.string(),
  network: z.string(),
  alias: z.string(),
  bindAddress: z.string(),
  nodes: z
    .array(
      z.strictObject({
        id: nodeId,
        name: z.string(),
        container: z.string(),
        volume: z.string(),
        hostname: z.string(),
        postgresPort: z.int(),
        raftPort: z.int(),
        raftAddress: z.string(),
      }),
    )
    .min(1)
    .readonly(),
  /** Hash of each node's container, by its id, as the container carries it in a label. */
  definitions: z.record(z.string(), z.string()),
  /** Settings of PostgreSQL that a reload can take, as lines of postgresql.conf. */
  reloadable: z.string(),
  /** Settings of which a standby must have at least the primary's value (R20), where they are set. */
  limits: z.record(z.string(), z.string()),
  /** This deploy may remove the volumes of a majority. */
  shrinkBelowMajority: z.boolean(),
});

/** The input of any hook; `hook` tells which. */
export type HookInput = z.infer<typeof hookInput>;
export type HookName = HookInput['hook'];
/** The input of hook `H`. */
export type InputOf<H extends HookName> = Extract<HookInput, { hook: H }>;
/** The cluster as declared now: a `ClusterTopology`, and what hooks compare with what they find. */
export type HookCluster = z.infer<typeof cluster>;

/** What a hook script starts from. */
export interface HookCall<H extends HookName> {
  readonly input: InputOf<H>;
  readonly cluster: HookCluster;
}

/**
 * Read what Terraform handed to hook `hook`.
 *
 * @param env the process environment
 * @throws Error naming the variable, when it is missing, is not JSON, or belongs to another hook
 */
export function readHookCall<H extends HookName>(
  hook: H,
  env: Readonly<Record<string, string | undefined>>,
): HookCall<H> {
  const input = parse(hookInputVariable, hookInput, env);
  if (input.hook !== hook) {
    throw new Error(
      `${hookInputVariable} is for the hook "${input.hook}", not "${hook}"; run hooks through cdktf deploy`,
    );
  }
  return { input: input as InputOf<H>, cluster: parse(hookClusterVariable, cluster, env) };
}

function parse<T>(variable: string, schema: z.ZodType<T>, env: Readonly<Record<string, string | undefined>>): T {
  const text = env[variable];
  if (text === undefined) {
    throw new Error(`${variable} is not set: hooks are called by Terraform; run them through cdktf deploy or destroy`);
  }
  const result = schema.safeParse(json(variable, text));
  if (!result.success) throw new Error(`${variable} is not what hooks expect: ${z.prettifyError(result.error)}`);
  return result.data;
}

function json(variable: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${variable} is not JSON: ${text}`, { cause: error });
  }
}
