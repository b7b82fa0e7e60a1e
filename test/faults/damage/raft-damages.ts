/** Spoilt files of Raft's directory. */
import { anew, same, type Damage, type Needs } from './damage.js';

const promised = /its (vote|term|log)/;
const damaged = /its files are damaged/;
const shorter = /its log ends at|its files are damaged/;

const metadata: readonly Damage[] = [
  { file: 'the newest Raft metadata', damage: 'cut off', script: 'cut "$(newest)"', ending: anew(promised) },
  {
    file: 'the newest Raft metadata',
    damage: 'missing',
    script: 'rm "$(newest)"',
    ending: anew(promised),
    telling: true,
  },
  { file: 'the newest Raft metadata', damage: 'a bit flipped', script: 'flip "$(newest)" 0', ending: anew(damaged) },
  { file: 'the newest Raft metadata', damage: 'longer', script: 'echo more >> "$(newest)"', ending: anew(damaged) },
  { file: 'the older Raft metadata', damage: 'cut off', script: '[ ! -e "$(older)" ] || cut "$(older)"', ending: same },
  { file: 'all Raft metadata', damage: 'missing', script: 'rm pgraft/raft/metadata*', ending: anew(/is lost/) },
];

const closedLog: Needs = 'closed segments of the log';
const log: readonly Damage[] = [
  { file: 'the open Raft log', damage: 'missing', script: 'rm $(opened)', ending: anew(shorter) },
  { file: 'the open Raft log', damage: 'empty', script: 'empty $(opened)', ending: anew(shorter) },
  {
    file: 'the open Raft log',
    damage: 'a bit flipped',
    script: 'for f in $(opened); do flip "$f" 24; done',
    ending: anew(shorter),
  },
  { file: 'the closed Raft log', damage: 'missing', script: 'rm $(closed)', ending: anew(shorter), needs: closedLog },
  { file: 'the closed Raft log', damage: 'cut off', script: 'cut $(closed)', ending: anew(shorter), needs: closedLog },
  {
    file: 'the closed Raft log',
    damage: 'a bit flipped',
    script: 'for f in $(closed); do flip "$f" 24; done',
    ending: anew(shorter),
    needs: closedLog,
  },
];

const snapshot = 'a snapshot';
const snapshots: readonly Damage[] = [
  {
    file: 'the newest Raft snapshot',
    damage: 'cut off',
    script: 'cut "$(snapshot)"',
    ending: anew(/snapshot cannot be read/),
    needs: snapshot,
  },
  {
    file: 'the newest Raft snapshot',
    damage: 'a bit flipped',
    script: 'flip "$(snapshot)"',
    ending: anew(/snapshot cannot be read/),
    needs: snapshot,
  },
  {
    file: 'the metadata of all Raft snapshots',
    damage: 'missing',
    script: 'rm pgraft/raft/snapshot-*.meta',
    ending: anew(shorter),
    needs: snapshot,
  },
  {
    file: 'the metadata of all Raft snapshots',
    damage: 'cut off',
    script: 'cut pgraft/raft/snapshot-*.meta',
    ending: anew(damaged),
    needs: snapshot,
  },
  {
    file: 'the metadata of all Raft snapshots',
    damage: 'a bit flipped',
    script: 'for f in pgraft/raft/snapshot-*.meta; do flip "$f"; done',
    ending: anew(damaged),
    needs: snapshot,
  },
];

const ofOtherData = /do not belong together/;
const notes: readonly Damage[] = [
  { file: 'pgraft/formed', damage: 'cut off', script: 'cut pgraft/formed', ending: anew(/formed" is damaged/) },
  { file: 'pgraft/formed', damage: 'a bit flipped', script: 'flip pgraft/formed', ending: anew(/formed" is damaged/) },
  { file: 'pgraft/formed', damage: 'missing', script: 'rm pgraft/formed', ending: anew(/whose it is is not known/) },
  { file: 'pgraft/promised', damage: 'cut off', script: 'cut pgraft/promised', ending: anew(/it is damaged/) },
  { file: 'pgraft/promised', damage: 'a bit flipped', script: 'flip pgraft/promised 5', ending: same },
  {
    file: 'pgraft/promised',
    damage: 'two bits flipped',
    script: 'flip pgraft/promised 5; flip pgraft/promised 110',
    ending: anew(/it is damaged/),
  },
  { file: 'pgraft/promised', damage: 'missing', script: 'rm pgraft/promised', ending: anew(/No such file/) },
  { file: 'pgraft/established', damage: 'missing', script: 'rm pgraft/established', ending: same },
  { file: 'pgraft/members', damage: 'missing', script: 'rm pgraft/members', ending: same },
  { file: 'pgraft/members', damage: 'a bit flipped', script: 'flip pgraft/members', ending: same },
  { file: 'pgraft/incarnation', damage: 'cut off', script: 'cut pgraft/incarnation', ending: anew(ofOtherData) },
  { file: 'pgraft/incarnation', damage: 'a bit flipped', script: 'flip pgraft/incarnation', ending: anew(ofOtherData) },
  { file: 'pgraft/incarnation', damage: 'missing', script: 'rm pgraft/incarnation', ending: anew(/is lost/) },
  { file: 'pgraft/role.conf', damage: 'cut off', script: 'cut pgraft/role.conf', ending: same },
  { file: 'pgraft/rejoin', damage: 'put there', script: 'put pgraft/rejoin nonsense', ending: anew(/has the line/) },
  { file: 'pgraft/lost', damage: 'put there', script: 'put pgraft/lost "by hand"', ending: anew(/by hand/) },
  { file: 'pgraft/formation.consumed', damage: 'missing', script: 'rm pgraft/formation.consumed', ending: same },
  { file: 'pgraft/events', damage: 'put there', script: 'put pgraft/events nonsense', ending: same },
];

export const raftDamages: readonly Damage[] = [...metadata, ...log, ...snapshots, ...notes];
