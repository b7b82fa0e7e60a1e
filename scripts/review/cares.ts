/** What somebody should know before a plan is applied, short of data that is destroyed. Pure. */
import { majority, toleratedFailures } from '../../constructs/quorum.js';
import type { ClusterView } from '../live/view.js';
import { isTouched, type ClusterChanges, type NodeChange } from './changes.js';
import { limitChanges } from './limits.js';
import type { Procedure } from './procedure.js';
import { refused, stopsAt, told, type Facts, type Finding, type OtherCluster, type ReviewInput } from './situation.js';
import { containers, count, list } from './words.js';

export function caresOf(input: ReviewInput, facts: Facts, procedure: Procedure): Finding[] {
  const { changes, obstacles } = input;
  return [
    ...obstacles.map((obstacle) => obstacleCare(obstacle, facts.first)),
    ...healthCares(input, facts),
    ...(procedure.interrupts ? [told(procedure.writes)] : []),
    ...[
      ...growCares(changes, facts),
      ...shrinkCares(changes.nodes, facts),
      ...lossCares(changes.nodes, facts),
      ...addressCares(input),
    ].map((text) => told(text)),
    ...settingCares(changes.nodes),
    ...(changes.network === 'lost'
      ? [told("The cluster's network is gone and is made anew; servers that run are not on it.")]
      : []),
    ...otherCares(input).map((text) => told(text)),
  ];
}

/** The first deploy looks before it makes anything; later Docker finds out, unless npm start has looked. */
function obstacleCare(obstacle: string, first: boolean): Finding {
  return first
    ? refused(`The deploy refuses: ${obstacle}.`)
    : told(`In the way: ${obstacle}. npm start refuses that; plain cdktf deploy fails when that server's turn comes.`);
}

/** The hooks ask the servers themselves, and let nobody go before the cluster is healthy. */
function healthCares({ changes, situation }: ReviewInput, facts: Facts): Finding[] {
  const { first, voters, up, problems, stopped } = facts;
  if (first || situation.kind === 'absent' || !asksServers(changes)) return [];
  if (situation.kind === 'unknown') {
    return [
      told(
        'It is not known whether the cluster is healthy; the deploy looks, and stops before it changes a server if it is not.',
      ),
    ];
  }
  if (stopped) return [stoppedCare(changes)];
  if (problems.length === 0) return [];
  if (up !== undefined && up < majority(voters.length) && !isMended(changes, facts)) {
    return [
      stopsAt(
        `${up} of ${count(voters.length, 'voter')} answer, which is no majority, and the deploy stops there: bring the others back (npm start) first.`,
      ),
    ];
  }
  return sickCares(changes, facts, situation.view);
}

/** A hook that looks at the whole cluster runs. */
function asksServers({ nodes, reloads, unfinished }: ClusterChanges): boolean {
  const asking = nodes.some(({ action }) => action !== 'none' && action !== 'updated');
  return asking || reloads.length > 0 || unfinished.length > 0;
}

/** Join asks every server that is declared, and a member leaves only behind a majority. */
function needsAll({ nodes, reloads, unfinished }: ClusterChanges): boolean {
  return (
    nodes.some(({ action }) => action === 'added' || action === 'removed') ||
    reloads.length > 0 ||
    unfinished.length > 0
  );
}

function stoppedCare(changes: ClusterChanges): Finding {
  const started = changes.nodes.filter(({ action }) => action === 'replaced' || action === 'restored');
  if (needsAll(changes)) {
    return stopsAt(
      'The cluster is stopped, and the deploy waits for its servers and then stops: start it with npm start first.',
    );
  }
  const rest = started.length < changes.declared.length ? '; npm start starts the others' : '';
  return told(`The cluster is stopped: the deploy starts ${containers(started)}${rest}.`);
}

/** Whoever does not serve is replaced, made anew, or leaves. */
function isMended({ nodes }: ClusterChanges, { sick }: Facts): boolean {
  const going = nodes.filter(({ action }) => ['replaced', 'restored', 'removed'].includes(action));
  return sick.length > 0 && sick.every((id) => going.some((node) => node.id === id));
}

/** Servers that do not serve go first, and nobody waits for them; those that stay as they are have to get well. */
function sickCares(changes: ClusterChanges, facts: Facts, view: ClusterView): Finding[] {
  const { sick, problems } = facts;
  const what = problems.join('; ');
  if (isMended(changes, facts)) {
    const sentences = [
      { action: 'replaced', then: 'replaced first, and must get healthy before the next' },
      { action: 'restored', then: 'made anew first, and must get healthy before the next' },
      { action: 'removed', then: 'among those that leave' },
    ].flatMap(({ action, then }) => {
      const some = changes.nodes.filter((node) => node.action === action && sick.includes(node.id));
      return some.length === 0 ? [] : [`${containers(some)} ${some.length === 1 ? 'is' : 'are'} ${then}`];
    });
    // what makes them anew is all that is done
    const alone = changes.nodes.every(({ action }) => action === 'none' || action === 'restored');
    return alone && changes.reloads.length === 0
      ? []
      : [told(`The cluster is not healthy (${what}): ${sentences.join('; ')}.`)];
  }
  const names = containers(view.nodes.filter(({ id }) => sick.includes(id)));
  const who = sick.length === 0 ? 'that' : names;
  return [stopsAt(`The cluster is not healthy, and the deploy waits for ${who} and then stops: ${what}.`)];
}

/** More servers are not always more safety. */
function growCares({ declared, nodes }: ClusterChanges, { voters }: Facts): string[] {
  if (declared.length !== 2 || voters.length !== 1 || !nodes.some(({ action }) => action === 'added')) return [];
  return [
    'Two servers keep two copies of the data, and both are needed: the loss of either stops writes. Three do not have that.',
  ];
}

function shrinkCares(nodes: readonly NodeChange[], { voters }: Facts): string[] {
  const removed = nodes.filter(({ action }) => action === 'removed');
  if (removed.length === 0) return [];
  const rest = voters.filter((id) => !removed.some((node) => node.id === id)).length;
  const may = toleratedFailures(rest);
  const volumes = removed.filter(({ data }) => data === 'removed').map(({ volume }) => volume);
  const gone =
    volumes.length === 0
      ? []
      : [
          `${list(volumes)} ${volumes.length === 1 ? 'is' : 'are'} deleted with ${volumes.length === 1 ? 'its' : 'their'} data; ${rest === 1 ? 'one server' : `${rest} servers`} keep${rest === 1 ? 's' : ''} all of it.`,
        ];
  const less =
    may < toleratedFailures(voters.length) || rest === 1
      ? [
          `Afterwards ${may === 0 ? 'no server' : count(may, 'server')} may fail without stopping writes${rest === 1 ? ', and there is one copy of the data' : ''}.`,
        ]
      : [];
  return [...gone, ...less];
}

function lossCares(nodes: readonly NodeChange[], { voters }: Facts): string[] {
  const lost = nodes.filter(({ data }) => data === 'lost');
  // that is a danger, and told there
  if (lost.length > voters.length - majority(voters.length)) return [];
  const restored = nodes.filter(({ action }) => action === 'restored');
  const copied =
    lost.length === 0
      ? []
      : [`The data of ${containers(lost)} is lost already; a copy of the primary's takes its place.`];
  const down = restored.length > 0 && restored.length > voters.length - majority(voters.length);
  const waiting = down ? [`So many servers are gone that writes wait until ${containers(restored)} are back.`] : [];
  return [...copied, ...waiting];
}

function addressCares({ changes: { addresses, nodes } }: ReviewInput): string[] {
  const causes = nodes.filter(isTouched).flatMap((node) => node.causes);
  const bound = causes.find(({ setting }) => setting === 'bindAddress');
  const moved = bound === undefined ? causes.some(({ setting }) => setting === 'postgresPort') : !isAny(bound.to);
  return [
    ...(bound !== undefined && isAny(bound.to)
      ? [
          'The ports are published on every address of this machine: whoever reaches it reaches PostgreSQL and Raft there.',
        ]
      : []),
    ...(moved
      ? [
          `Clients have to use other addresses${addresses === undefined ? '' : ' (below)'}. Server by server they lose their connection to the old one, and while the deploy runs ` +
            'some servers have old and some new ones.',
        ]
      : []),
  ];
}

function isAny(address: string | undefined): boolean {
  return address === '0.0.0.0' || address === '::';
}

function settingCares(nodes: readonly NodeChange[]): Finding[] {
  const causes = nodes.flatMap((node) => node.causes);
  const { lowered, raised } = limitChanges(causes);
  const [less, more] = [lowered, raised].map((names) => list([...new Set(names)]));
  const both = lowered.length > 0 && raised.length > 0;
  const limits = both
    ? [
        refused(
          `${less ?? ''} lowered and ${more ?? ''} raised at once: the deploy refuses; make the two changes in two deploys.`,
        ),
      ]
    : [];
  const memory = causes.find(({ setting, from, to }) => setting === 'memory' && megabytes(to) < megabytes(from));
  const tight =
    memory === undefined
      ? []
      : [told(`The memory limit falls to ${memory.to ?? '?'}: a server that needs more is killed.`)];
  return [...limits, ...tight];
}

function megabytes(text: string | undefined): number {
  const number = Number.parseInt(text ?? '', 10);
  return Number.isNaN(number) ? Number.POSITIVE_INFINITY : number;
}

function otherCares({ prefix, changes, others }: ReviewInput): string[] {
  if (changes.deployed.length > 0 || others.length === 0 || changes.declared.length === 0) return [];
  return others.map((other) => otherCare(prefix, other));
}

function otherCare(prefix: string, { prefix: other, servers, volumes }: OtherCluster): string {
  return (
    `This is another cluster than ${other}, which this checkout has deployed and which stays as it is, with ` +
    `${count(servers.length, 'server')} (${list(servers)}) and its data in ${list(volumes)}. Nothing of that is copied to ${prefix}. ` +
    `PGRAFT_PREFIX=${other} npm run destroy removes it.`
  );
}
