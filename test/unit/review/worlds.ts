/**
 * Plans in the format of `terraform show -json` (format_version 1.2, as Terraform 1.11 writes it): what it would say of a cluster that was
 * deployed as one world and is declared as another. Addresses and attributes are those of the constructs and of the states that deploys leave.
 */
import { maximumNodes, nodeName } from '../../../constructs/topology.js';
import { postgresConfLines, splitPostgresSettings } from '../../../constructs/postgres-settings.js';
import { changesOf } from '../../../scripts/review/changes.js';
import { review, type Review } from '../../../scripts/review/review.js';
import { readPlan } from '../../../scripts/review/terraform-plan.js';
import { healthyView } from '../scripts/fakes.js';

/** A cluster as it is declared; the defaults are those of the settings. */
export interface World {
  readonly nodes: number;
  readonly prefix: string;
  readonly image: string;
  readonly postgresPort: number;
  readonly raftPort: number;
  readonly bindAddress: string;
  readonly memory: number | null;
  readonly postgresSettings: Readonly<Record<string, string>>;
  /** A label of the volumes that no version of ours has: changing it replaces them. */
  readonly volumeLabel?: string;
  /** Its containers are stopped, and so publish no ports. */
  readonly stopped?: boolean;
}

export const deployed: World = {
  nodes: 3,
  prefix: 'pgraft',
  image: 'postgres-pgraft:17-0a1b2c3d4e5f',
  postgresPort: 5432,
  raftPort: 7001,
  bindAddress: '127.0.0.1',
  memory: null,
  postgresSettings: {},
};

type Attributes = Record<string, unknown>;
type Resources = ReadonlyMap<string, Attributes>;

export interface Drift {
  /** Addresses of what Terraform finds gone from Docker. */
  readonly gone?: readonly string[];
  /** Addresses of what an earlier deploy was broken off at. */
  readonly tainted?: readonly string[];
}

export interface Plans {
  readonly image: string;
  readonly cluster: string;
}

/** The plans of both stacks. @param before undefined when nothing was ever deployed */
export function plansOf(before: World | undefined, after: World, drift: Drift = {}): Plans {
  return {
    image: planJson(before && imageResources(before), imageResources(after), {}, {}),
    cluster: planJson(before && clusterResources(before), clusterResources(after), drift, outputs(before, after)),
  };
}

/** Attributes that a provider computes, and what changes in place. */
const computed = ['id', 'mountpoint', 'image_id', 'repo_digest', 'output'];
const inPlace = ['memory', 'memory_swap', 'input', 'output'];

function planJson(before: Resources | undefined, after: Resources, drift: Drift, output_changes: Attributes): string {
  const old: Resources = before ?? new Map();
  const addresses = [...new Set([...old.keys(), ...after.keys()])].sort();
  const gone = drift.gone ?? [];
  const replaced = new Set<string>();
  // containers come before the hooks that hang on their ids
  for (const address of addresses) if (isReplaced(address, old, after, gone, drift, replaced)) replaced.add(address);
  const resource_changes = addresses.map((address) => {
    const from = gone.includes(address) ? null : (old.get(address) ?? null);
    const to = after.get(address) ?? null;
    return resourceChange(address, from, to, { replaced, drift, wasGone: gone.includes(address) });
  });
  const resource_drift = gone.map((address) => ({
    ...head(address),
    change: { actions: ['delete'], before: old.get(address), after: null, after_unknown: {} },
  }));
  return JSON.stringify({
    format_version: '1.2',
    terraform_version: '1.11.4',
    ...(resource_drift.length > 0 && { resource_drift }),
    resource_changes,
    output_changes,
    applyable: true,
    complete: true,
    errored: false,
  });
}

function isReplaced(
  address: string,
  old: Resources,
  after: Resources,
  gone: readonly string[],
  { tainted = [] }: Drift,
  replaced: ReadonlySet<string>,
): boolean {
  const [from, to] = [old.get(address), after.get(address)];
  if (from === undefined || to === undefined || gone.includes(address)) return false;
  if (tainted.includes(address)) return true;
  const [, hook = '', slot = ''] = /^terraform_data\.(roll|check)(\d)$/.exec(address) ?? [];
  const container = `docker_container.${nodeName(Number(slot))}`;
  if (hook !== '' && (replaced.has(container) || gone.includes(container))) return true;
  return Object.keys(to).some((key) => !inPlace.includes(key) && differs(from[key], to[key]));
}

function resourceChange(
  address: string,
  from: Attributes | null,
  to: Attributes | null,
  { replaced, drift, wasGone }: { replaced: ReadonlySet<string>; drift: Drift; wasGone: boolean },
) {
  const isNew = from === null || replaced.has(address);
  const after_unknown =
    isNew && to !== null ? Object.fromEntries(computed.filter((key) => key in to).map((key) => [key, true])) : {};
  const after = to === null ? null : Object.fromEntries(Object.entries(to).filter(([key]) => !(key in after_unknown)));
  const actions = actionsOf(address, from, to, replaced);
  const replace_paths = Object.keys(to ?? {})
    .filter((key) => !inPlace.includes(key) && from !== null && differs(from[key], to?.[key]))
    .map((key) => [key]);
  const reason = reasonOf(address, actions, drift);
  return {
    ...head(address),
    change: {
      actions,
      before: from,
      after,
      after_unknown,
      before_sensitive: {},
      after_sensitive: {},
      ...(actions.length === 2 && !wasGone && { replace_paths }),
    },
    ...(reason !== undefined && { action_reason: reason }),
  };
}

function actionsOf(
  address: string,
  from: Attributes | null,
  to: Attributes | null,
  replaced: ReadonlySet<string>,
): string[] {
  if (from === null) return ['create'];
  if (to === null) return ['delete'];
  if (replaced.has(address)) return ['delete', 'create'];
  return Object.keys(to).some((key) => differs(from[key], to[key])) ? ['update'] : ['no-op'];
}

function reasonOf(address: string, actions: readonly string[], { tainted = [] }: Drift): string | undefined {
  if (tainted.includes(address)) return 'replace_because_tainted';
  if (actions.length === 2) return 'replace_because_cannot_update';
  return actions[0] === 'delete' ? 'delete_because_no_resource_config' : undefined;
}

function head(address: string) {
  const [type = '', name = ''] = address.split('.');
  const provider =
    type === 'terraform_data' ? 'terraform.io/builtin/terraform' : 'registry.terraform.io/kreuzwerker/docker';
  return { address, mode: 'managed', type, name, provider_name: provider };
}

function differs(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

function imageResources({ image }: World): Resources {
  const attributes = {
    id: `sha256:77${image}`,
    image_id: 'sha256:77',
    repo_digest: '',
    name: image,
    keep_locally: true,
  };
  return new Map([['docker_image.node', attributes]]);
}

function clusterResources(world: World): Resources {
  const { prefix, nodes } = world;
  const label = [{ label: 'pgraft.cluster', value: prefix }];
  const ids = Array.from({ length: nodes }, (_, index) => index + 1);
  const resources = new Map<string, Attributes>([
    ['docker_network.network', { id: 'b7c1', name: `${prefix}-network`, driver: 'bridge', labels: label }],
    ['terraform_data.guard', hook({ hook: 'guard', prefix })],
    ['terraform_data.teardown', hook({ hook: 'teardown', prefix })],
  ]);
  for (const id of ids) {
    const volume = `${prefix}-${nodeName(id)}-data`;
    const more = world.volumeLabel === undefined ? [] : [{ label: 'team', value: world.volumeLabel }];
    resources.set(`docker_volume.${nodeName(id)}_data`, {
      id: volume,
      name: volume,
      driver: 'local',
      mountpoint: `/var/lib/docker/volumes/${volume}/_data`,
      labels: [...label, ...more],
    });
    resources.set(`docker_container.${nodeName(id)}`, container(world, id));
  }
  for (let slot = 1; slot <= maximumNodes; slot += 1) {
    const present = slot <= nodes ? 'yes' : 'no';
    const containerId = present === 'yes' ? `c0ffee0${slot}` : '';
    const about = { prefix, node: slot, container: `${prefix}-${nodeName(slot)}` };
    const raftAddress = present === 'yes' ? `${about.container}:${7000 + slot}` : '';
    resources.set(`terraform_data.leave${slot}`, hook({ hook: 'leave', ...about, present }, { present }));
    resources.set(
      `terraform_data.roll${slot}`,
      hook({ hook: 'roll', ...about, present, containerId, raftAddress }, { container: containerId }),
    );
    if (present === 'yes') {
      resources.set(
        `terraform_data.check${slot}`,
        hook({ hook: 'check', ...about, containerId }, { container: containerId }),
      );
    }
  }
  const settings = postgresConfLines(splitPostgresSettings(world.postgresSettings).reloadable);
  resources.set(
    'terraform_data.join',
    hook({ hook: 'join', prefix }, { nodes: ids.join(','), leaves: ids.length, settings }),
  );
  return resources;
}

function hook(input: Attributes, triggers_replace: unknown = null): Attributes {
  return {
    id: `hook-${String(input['hook'])}${typeof input['node'] === 'number' ? input['node'] : ''}`,
    input,
    output: input,
    triggers_replace,
  };
}

function container(world: World, id: number): Attributes {
  const { prefix, image, memory, bindAddress } = world;
  const name = `${prefix}-${nodeName(id)}`;
  const raftPort = world.raftPort + id - 1;
  const restart = postgresConfLines(splitPostgresSettings(world.postgresSettings).restart);
  return {
    id: `c0ffee0${id}`,
    name,
    hostname: name,
    image,
    env: [
      `PGRAFT_ADVERTISE_ADDRESS=${name}:${raftPort}`,
      `PGRAFT_LISTEN_ADDRESS=0.0.0.0:${raftPort}`,
      `PGRAFT_NAME=${nodeName(id)}`,
      `PGRAFT_NODE_ID=${id}`,
      `PGRAFT_POSTGRES_SETTINGS=${restart}`,
    ],
    restart: 'unless-stopped',
    must_run: false,
    stop_timeout: 60,
    destroy_grace_seconds: 60,
    memory,
    memory_swap: memory,
    shm_size: 256,
    log_driver: 'json-file',
    log_opts: { 'max-file': '3', 'max-size': '10m' },
    labels: [
      { label: 'pgraft.cluster', value: prefix },
      { label: 'pgraft.definition', value: `${image.slice(-6)}-${restart.length}-${raftPort}` },
      ...(memory === null ? [] : [{ label: 'pgraft.memory', value: 'limited' }]),
      { label: 'pgraft.node', value: String(id) },
    ],
    ports: world.stopped
      ? []
      : [
          { internal: 5432, external: world.postgresPort + id - 1, ip: bindAddress, protocol: 'tcp' },
          { internal: raftPort, external: raftPort, ip: bindAddress, protocol: 'tcp' },
        ],
    networks_advanced: [{ name: `${prefix}-network`, aliases: [prefix] }],
    volumes: [{ volume_name: `${name}-data`, container_path: '/var/lib/postgresql' }],
  };
}

function outputs(before: World | undefined, after: World): Attributes {
  const [from, to] = [before === undefined ? null : url(before), url(after)];
  const actions = from === null ? ['create'] : [from === to ? 'no-op' : 'update'];
  return { read_write: { actions, before: from, after: to, after_unknown: false } };
}

function url({ nodes, bindAddress, postgresPort }: World): string {
  const hosts = Array.from({ length: nodes }, (_, index) => `${bindAddress}:${postgresPort + index}`);
  return `postgresql://app@${hosts.join(',')}/app?target_session_attrs=read-write&connect_timeout=2`;
}

/** What the review says of `after`, in a healthy cluster that was deployed as `deployed`. */
export function plannedFrom(after: World): Review {
  const plans = plansOf(deployed, after);
  return review({
    prefix: 'pgraft',
    shrinkBelowMajority: false,
    firstUnfinished: false,
    changes: changesOf('pgraft', readPlan(plans.image), readPlan(plans.cluster)),
    situation: { kind: 'live', view: healthyView(3) },
    others: [],
    obstacles: [],
    remarks: [],
  });
}
