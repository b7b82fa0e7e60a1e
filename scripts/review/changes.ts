/** From Terraform's plans of both stacks to what they mean for the cluster: servers, volumes, network, addresses. Pure. */
import { containerName, maximumNodes, nodeName, volumeName } from '../../constructs/topology.js';
import { causesOf, postgresCauses, type Cause } from './causes.js';
import type { Attributes, ResourceChange, TerraformPlan } from './terraform-plan.js';

/**
 * - `restored`: it was deployed, its container is gone, and it is made anew
 * - `updated`: its container changes in place and goes on running
 */
export type NodeAction = 'none' | 'added' | 'removed' | 'replaced' | 'updated' | 'restored';
/**
 * - `removed`, `replaced`: the plan deletes what is in the volume
 * - `lost`: the volume is gone already
 */
export type DataAction = 'kept' | 'new' | 'removed' | 'replaced' | 'lost';

export interface NodeChange {
  readonly id: number;
  readonly name: string;
  readonly container: string;
  readonly volume: string;
  readonly action: NodeAction;
  readonly data: DataAction;
  readonly causes: readonly Cause[];
}

export interface ClusterChanges {
  /** Terraform would change anything at all. */
  readonly any: boolean;
  /** Every server that is deployed or declared, by id. */
  readonly nodes: readonly NodeChange[];
  /** Ids. */
  readonly deployed: readonly number[];
  readonly declared: readonly number[];
  /** The image that is built; undefined when none is. */
  readonly image: string | undefined;
  readonly network: 'kept' | 'new' | 'replaced' | 'removed' | 'lost';
  /** Settings that running servers take over by a reload. */
  readonly reloads: readonly Cause[];
  /** Create hooks that run although no server changes: an earlier deploy did not come to its end. */
  readonly unfinished: readonly string[];
  /** Addresses for clients, where they change. */
  readonly addresses: { readonly from: string; readonly to: string } | undefined;
}

export function changesOf(prefix: string, image: TerraformPlan, cluster: TerraformPlan): ClusterChanges {
  const slots = Array.from({ length: maximumNodes }, (_, index) => index + 1).flatMap((id) =>
    slot(prefix, id, cluster),
  );
  const changed = [...cluster.resources.values()].some(({ action }) => action !== 'none');
  const deployed = slots.filter(({ before }) => before).map(({ node }) => node.id);
  const nodes = slots.map(({ node }) => node);
  const reloads = reloadsOf(cluster);
  // hooks that run, and no change of a server or a setting that would call for it
  const explained = deployed.length === 0 || reloads.length > 0 || nodes.some(({ action }) => action !== 'none');
  return {
    any: changed || [...image.resources.values()].some(isBuilt),
    nodes,
    deployed,
    declared: slots.filter(({ after }) => after).map(({ node }) => node.id),
    image: builtImage(image),
    network: networkOf(cluster),
    reloads,
    unfinished: explained ? [] : createHooks(cluster),
    addresses: addressesOf(cluster),
  };
}

/** Whether `node` is out of service for a while, or for good. */
export function isTouched({ action }: NodeChange): boolean {
  return action === 'replaced' || action === 'removed' || action === 'restored';
}

interface Slot {
  readonly node: NodeChange;
  /** It is deployed now. */
  readonly before: boolean;
  /** It is declared. */
  readonly after: boolean;
}

function slot(prefix: string, id: number, plan: TerraformPlan): Slot[] {
  const name = nodeName(id);
  const container = plan.resources.get(`docker_container.${name}`);
  const volume = plan.resources.get(`docker_volume.${name}_data`);
  const leave = plan.resources.get(`terraform_data.leave${id}`);
  const after = container?.after !== undefined;
  // a container that is gone has left the refreshed state, but its hook is still there
  const before =
    container?.before !== undefined ||
    plan.gone.has(`docker_container.${name}`) ||
    field(leave?.before, 'present') === 'yes' ||
    (!after && volume?.before !== undefined);
  if (!before && !after) return [];
  const action = nodeAction(before, after, container);
  const node = {
    id,
    name,
    container: containerName(prefix, id),
    volume: volumeName(prefix, id),
    action,
    data: dataAction(before, volume),
    causes: nodeCauses(action, container, volume),
  };
  return [{ node, before, after }];
}

function nodeAction(before: boolean, after: boolean, container: ResourceChange | undefined): NodeAction {
  if (!before) return 'added';
  if (!after) return 'removed';
  const actions = {
    none: 'none',
    create: 'restored',
    update: 'updated',
    replace: 'replaced',
    delete: 'removed',
  } as const;
  return actions[container?.action ?? 'none'];
}

function dataAction(before: boolean, volume: ResourceChange | undefined): DataAction {
  // with its container the volume may be gone as well
  if (volume === undefined) return 'lost';
  const actions = { none: 'kept', update: 'kept', delete: 'removed', replace: 'replaced' } as const;
  if (volume.action !== 'create') return actions[volume.action];
  return before ? 'lost' : 'new';
}

function nodeCauses(action: NodeAction, container?: ResourceChange, volume?: ResourceChange): readonly Cause[] {
  const volumeCauses =
    volume?.action === 'replace'
      ? causesOf(volume).map(({ setting }) => ({ setting: setting.replace(')', ' of the volume)') }))
      : [];
  switch (action) {
    case 'added':
    case 'removed':
      return [{ setting: 'nodes' }];
    case 'restored':
      return [
        { setting: volume?.action === 'create' ? 'its container and its volume are gone' : 'its container is gone' },
      ];
    case 'replaced':
    case 'updated': {
      const causes = container === undefined ? [] : causesOf(container);
      // what it hangs on is new, and nothing of its own differs
      const own = causes.length === 0 && volumeCauses.length === 0 ? [{ setting: 'constructs/' }] : causes;
      return [...own, ...volumeCauses];
    }
    case 'none':
      return volumeCauses;
  }
}

function builtImage({ resources }: TerraformPlan): string | undefined {
  const image = resources.get('docker_image.node');
  if (image === undefined || !isBuilt(image)) return undefined;
  const name = image.after?.['name'];
  return typeof name === 'string' ? name : undefined;
}

/** Its name has the hash of its content; where only its directory differs, another checkout has deployed the same. */
function isBuilt({ action, before, after, reason }: ResourceChange): boolean {
  if (action === 'replace' && reason !== 'replace_because_tainted') return before?.['name'] !== after?.['name'];
  return action !== 'none';
}

function networkOf({ resources, gone }: TerraformPlan): ClusterChanges['network'] {
  const network = resources.get('docker_network.network');
  if (network?.action === 'create') {
    return gone.has(network.address) || resources.get('terraform_data.join')?.before !== undefined ? 'lost' : 'new';
  }
  if (network?.action === 'replace') return 'replaced';
  return network?.action === 'delete' ? 'removed' : 'kept';
}

/** Join hands these to the servers that run. */
function reloadsOf({ resources }: TerraformPlan): Cause[] {
  const join = resources.get('terraform_data.join');
  const [from, to] = [join?.before, join?.after].map((attributes) => field(attributes, 'settings', 'triggers_replace'));
  return typeof from === 'string' && typeof to === 'string' ? postgresCauses(from, to) : [];
}

function createHooks({ resources }: TerraformPlan): string[] {
  return [...resources.values()]
    .filter(({ address, action }) => /^terraform_data\.(guard|check\d|join)$/.test(address) && action !== 'none')
    .map(({ address }) => address);
}

function addressesOf({ outputs }: TerraformPlan): ClusterChanges['addresses'] {
  const change = outputs['read_write'];
  if (typeof change?.before !== 'string' || typeof change.after !== 'string') return undefined;
  return change.before === change.after ? undefined : { from: change.before, to: change.after };
}

/** A field of what a hook is given, or of what replaces it. */
function field(attributes: Attributes | undefined, name: string, of: 'input' | 'triggers_replace' = 'input'): unknown {
  const value = attributes?.[of];
  return typeof value === 'object' && value !== null ? (value as Attributes)[name] : undefined;
}
