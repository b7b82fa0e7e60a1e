/** What `terraform show -json` says of a plan, as far as the review looks at it. Pure. */
import { z } from 'zod';
import { UserError } from '../kit/errors.js';

const attributes = z.record(z.string(), z.unknown());
const change = z.object({
  actions: z.array(z.string()),
  before: z.unknown(),
  after: z.unknown(),
  after_unknown: z.unknown(),
});
const resource = z.object({
  address: z.string(),
  type: z.string(),
  name: z.string(),
  change,
  action_reason: z.string().optional(),
});
const schema = z.object({
  format_version: z.string().regex(/^1\./),
  resource_changes: z.array(resource).default([]),
  resource_drift: z.array(resource).default([]),
  output_changes: z.record(z.string(), change).default({}),
});

export type Attributes = Readonly<Record<string, unknown>>;
export type Action = 'none' | 'create' | 'update' | 'delete' | 'replace';

export interface ResourceChange {
  /** Such as `docker_container.primary`. */
  readonly address: string;
  readonly action: Action;
  /** As the state has it, refreshed; undefined when it did not exist. */
  readonly before: Attributes | undefined;
  /** Undefined when it goes. */
  readonly after: Attributes | undefined;
  /** What is known only after the apply; not compared. */
  readonly unknown: Attributes;
  /** Terraform's word for why, such as `replace_because_tainted`. */
  readonly reason: string | undefined;
}

export interface TerraformPlan {
  /** Every resource of state and configuration, also those that stay, by address. */
  readonly resources: ReadonlyMap<string, ResourceChange>;
  /** What was found gone from Docker although the state has it: addresses. */
  readonly gone: ReadonlySet<string>;
  readonly outputs: Readonly<Record<string, { readonly before: unknown; readonly after: unknown }>>;
}

/** A stack that is planned to stay as it is, and of which nothing is known. */
export const emptyPlan: TerraformPlan = { resources: new Map(), gone: new Set(), outputs: {} };

/** @throws UserError when it is not a plan in the form that Terraform 1 writes */
export function readPlan(json: string): TerraformPlan {
  const result = schema.safeParse(parse(json));
  if (!result.success) {
    const cause = z.prettifyError(result.error).replaceAll('\n', ' ');
    throw new UserError(`terraform show -json answered in a form we do not know: ${cause}; use Terraform 1.9 or newer`);
  }
  const { resource_changes: changes, resource_drift: drift, output_changes: outputs } = result.data;
  return {
    resources: new Map(changes.map((item) => [item.address, resourceChange(item)])),
    gone: new Set(drift.filter(({ change: { actions } }) => actions.includes('delete')).map(({ address }) => address)),
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, { before, after }]) => [name, { before, after }])),
  };
}

/** What is not JSON is refused by the schema. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function resourceChange({ address, change: planned, action_reason: reason }: z.infer<typeof resource>): ResourceChange {
  return {
    address,
    action: action(planned.actions),
    before: attributes.safeParse(planned.before).data,
    after: attributes.safeParse(planned.after).data,
    unknown: attributes.safeParse(planned.after_unknown).data ?? {},
    reason,
  };
}

function action(actions: readonly string[]): Action {
  if (actions.includes('delete') && actions.includes('create')) return 'replace';
  return (['create', 'update', 'delete'] as const).find((name) => actions.includes(name)) ?? 'none';
}
