/** What a plan would destroy, or break for good. Pure. */
import { majority } from '../../constructs/quorum.js';
import type { NodeChange } from './changes.js';
import { refused, told, type Facts, type Finding, type ReviewInput } from './situation.js';
import { containers, count, list } from './words.js';

export function dangersOf(input: ReviewInput, facts: Facts): Finding[] {
  return [
    ...replacedVolumes(input.changes.nodes),
    ...removedMajority(input, facts),
    ...lostMajority(input.changes.nodes, facts),
    ...networkDanger(input),
    ...raftPortDanger(input.changes.nodes),
  ];
}

function replacedVolumes(nodes: readonly NodeChange[]): Finding[] {
  const replaced = nodes.filter(({ data }) => data === 'replaced');
  if (replaced.length === 0) return [];
  const volumes = list(replaced.map(({ volume }) => volume));
  const causes = [...new Set(replaced.flatMap((node) => node.causes.map(({ setting }) => setting)))];
  const inUse = replaced.filter(({ action }) => action === 'none');
  const stops =
    inUse.length === 0 ? '' : ` Docker refuses that while the container exists, and the deploy stops there.`;
  return [
    told(
      `${volumes} would be deleted and made anew, although ${replaced.length === 1 ? 'that server stays' : 'those servers stay'} ` +
        `(because of ${list(causes)}): each of them loses its copy of the data.${stops} Undo that change; with protectData such a plan is refused.`,
      inUse.length === 0 ? undefined : 'It stops at the first volume, which Docker does not give up.',
    ),
  ];
}

function removedMajority({ changes, shrinkBelowMajority }: ReviewInput, { voters }: Facts): Finding[] {
  const removed = changes.nodes.filter(({ id, data }) => data === 'removed' && voters.includes(id));
  if (removed.length === 0 || removed.length < majority(voters.length)) return [];
  const what = `The volumes of ${removed.length} of ${count(voters.length, 'voter')} are removed, which is a majority`;
  const first = voters.length - majority(voters.length) + 1;
  return shrinkBelowMajority
    ? [
        told(
          `${what}; shrinkBelowMajority allows it. Servers leave one by one, each after the others have all that was acknowledged.`,
        ),
      ]
    : [
        refused(
          `${what}: the deploy refuses it. Shrink in steps (nodes = ${first} first), or set shrinkBelowMajority ` +
            '(PGRAFT_SHRINK_BELOW_MAJORITY=true) for this one deploy.',
        ),
      ];
}

function lostMajority(nodes: readonly NodeChange[], { voters }: Facts): Finding[] {
  const lost = nodes.filter(({ id, data }) => data === 'lost' && voters.includes(id));
  if (lost.length === 0 || voters.length - lost.length >= majority(voters.length)) return [];
  const rest = voters.length - lost.length;
  return [
    told(
      `The volumes of ${containers(lost)} are gone, and with them a majority: what is left (${rest} of ${voters.length}) cannot elect, ` +
        'and a deploy invents no data, so it fails. See npm run recover' +
        (rest === 0 ? ', and your backups.' : '.'),
      'It fails: no majority can come back.',
    ),
  ];
}

function networkDanger({ changes: { network } }: ReviewInput): Finding[] {
  if (network !== 'replaced' && network !== 'removed') return [];
  return [told(`The cluster's network is ${network}: the servers lose each other, and writes stop. Undo that change.`)];
}

/** The members' addresses are in the Raft log; a server that came back at another would not be found. */
function raftPortDanger(nodes: readonly NodeChange[]): Finding[] {
  const changed = nodes.filter(
    ({ action, causes }) => action === 'replaced' && causes.some(({ setting }) => setting === 'raftPort'),
  );
  if (changed.length === 0) return [];
  return [
    refused(
      'raftPort is part of the address by which the members know each other, and cannot be changed in a running cluster: the deploy ' +
        'refuses it before any server is replaced. Undo that change, or move the data to a new cluster.',
    ),
  ];
}
