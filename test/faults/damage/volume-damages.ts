/** Spoilt files of the data directory, and of what the bootstrap has handed over. */
import { anew, same, told, type Damage, type Needs } from './damage.js';

const chain = '17/main/pgraft.chain';
const ofChain = /chain of promotions/;
const pgraftsOwn: readonly Damage[] = [
  {
    file: 'pgraft.incarnation',
    damage: 'missing',
    script: 'rm 17/main/pgraft.incarnation',
    ending: anew(/may not be whole/),
  },
  {
    file: 'pgraft.incarnation',
    damage: 'a bit flipped',
    script: 'flip 17/main/pgraft.incarnation',
    ending: anew(/do not belong together/),
  },
  { file: 'pgraft.chain', damage: 'cut off', script: `cut ${chain}`, ending: anew(ofChain) },
  { file: 'pgraft.chain', damage: 'empty', script: `empty ${chain}`, ending: anew(ofChain) },
  {
    file: 'pgraft.chain',
    damage: 'a bit flipped',
    script: `flip ${chain} $(($(stat -c %s ${chain}) - 7))`,
    ending: anew(ofChain),
    telling: true,
  },
];

const copyAnew = 'pgraft-node copy-anew';
const restartpoint: Needs = 'a restartpoint of its timeline';
const data: readonly Damage[] = [
  { file: 'PG_VERSION', damage: 'missing', script: 'rm 17/main/PG_VERSION', ending: told('PG_VERSION', copyAnew) },
  {
    file: 'PG_VERSION',
    damage: 'a bit flipped',
    script: 'flip 17/main/PG_VERSION 0',
    ending: told('PG_VERSION', copyAnew),
  },
  {
    file: 'pg_control',
    damage: 'cut off',
    script: 'truncate -s 100 17/main/global/pg_control',
    ending: told('pg_control', copyAnew),
    telling: true,
  },
  {
    file: 'pg_control',
    damage: 'a bit flipped',
    script: 'flip 17/main/global/pg_control 40',
    ending: told('pg_control has a wrong checksum', copyAnew),
  },
  {
    file: 'pg_control',
    damage: 'missing',
    script: 'rm 17/main/global/pg_control',
    ending: told('pg_control', copyAnew),
  },
  { file: 'standby.signal', damage: 'missing', script: 'rm 17/main/standby.signal', ending: same },
  { file: 'the newest WAL', damage: 'missing', script: 'rm "$(wal)"', ending: same },
  { file: 'the newest WAL', damage: 'a bit flipped', script: 'flip "$(wal)" 8300', ending: same },
  { file: 'the newest history file', damage: 'missing', script: 'rm "$(history)"', ending: same, needs: restartpoint },
  { file: 'the newest history file', damage: 'cut off', script: 'cut "$(history)"', ending: same, needs: restartpoint },
  {
    file: 'the newest history file',
    damage: 'a bit flipped',
    script: 'flip "$(history)" 3',
    ending: same,
    needs: restartpoint,
  },
  {
    file: 'a table',
    damage: 'a bit flipped',
    script: 'flip "17/main/$RELATION" 5000',
    ending: told('pages', copyAnew),
    reads: /invalid page in block 0/,
    telling: true,
  },
  {
    file: 'pg_xact',
    damage: 'missing',
    script: 'rm 17/main/pg_xact/*',
    ending: told('pg_xact', copyAnew),
  },
  {
    file: 'postgresql.auto.conf',
    damage: 'changed',
    script: 'put 17/main/postgresql.auto.conf nonsense',
    ending: told('postgresql.auto.conf', copyAnew),
  },
];

const handedOverAgain = (file: string, spoil: string, damage: string): Damage => ({
  file,
  damage,
  script: `${spoil} cluster/${file}`,
  ending: same,
  handedOver: true,
});
const keyTold = told('raft.key in /var/lib/postgresql/cluster is damaged or gone', 'npm start');
const handedOver: readonly Damage[] = [
  { ...handedOverAgain('raft.key', 'cut', 'cut off'), ending: keyTold },
  { ...handedOverAgain('raft.key', 'flip', 'a bit flipped'), ending: keyTold, telling: true },
  { ...handedOverAgain('raft.key', 'rm', 'missing'), ending: keyTold },
  handedOverAgain('replication.password', 'flip', 'a bit flipped'),
  handedOverAgain('superuser.password', 'rm', 'missing'),
  handedOverAgain('application.password', 'empty', 'empty'),
  handedOverAgain('initial_cluster', 'cut', 'cut off'),
  handedOverAgain('initial_cluster', 'rm', 'missing'),
  // nothing was set there
  { file: 'settings.conf', damage: 'changed', script: 'put cluster/settings.conf nonsense', ending: same },
  { file: 'replication.pgpass', damage: 'cut off', script: 'cut cluster/replication.pgpass', ending: same },
  { file: 'replication.pgpass', damage: 'a bit flipped', script: 'flip cluster/replication.pgpass', ending: same },
  { file: 'replication.pgpass', damage: 'missing', script: 'rm cluster/replication.pgpass', ending: same },
  { file: 'checks', damage: 'missing', script: 'rm cluster/checks', ending: same },
  { file: 'checks', damage: 'cut off', script: 'cut cluster/checks', ending: same },
  { file: 'system_identifier', damage: 'missing', script: 'rm cluster/system_identifier', ending: same },
  { file: 'system_identifier', damage: 'a bit flipped', script: 'flip cluster/system_identifier', ending: same },
];

export const volumeDamages: readonly Damage[] = [...pgraftsOwn, ...data, ...handedOver];
