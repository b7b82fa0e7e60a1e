import { beforeEach, describe, expect, it } from 'vitest';
import { parseSettings } from '../../../constructs/settings.js';
import { clusterTopology } from '../../../constructs/topology.js';
import { generateSecrets } from '../../../scripts/kit/secrets.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { Live } from '../../../scripts/live/open.js';
import type { Sql, SqlRow } from '../../../scripts/live/sql.js';
import { readCluster } from '../../../scripts/live/read.js';
import { planRecovery } from '../../../scripts/steps/recover-plan.js';
import { mayPass, recover } from '../../../scripts/steps/recover.js';
import { survey } from '../../../scripts/steps/survey.js';
import { container, fakeClock, fakeDocker, ok, silentReport, state, stateLines } from './fakes.js';

const coded = (code: string, message: string) => Object.assign(new Error(message), { code });
const ids = [1, 2, 3];
const topology = clusterTopology(parseSettings({}));

/** Three servers: those of `members` are voters of a group that node 1 leads, if there is one; the others have lost their Raft state. */
class Group {
  members: number[] = [];
  writable = true;
  /** What pgraft_add_node() fails with, one each time. */
  failures: Error[] = [];
  /** Commands but the reading ones, and statements that change something. */
  readonly orders: string[] = [];
  readonly told: string[] = [];
  readonly clock = fakeClock();
  readonly secrets = generateSecrets();
  readonly incomplete = new Set<number>();
  volumes: string[] = [];
  running = [...ids];

  get live(): Live {
    const containers = ids.filter((id) => this.running.includes(id)).map((id) => container(id));
    const docker = fakeDocker(
      containers,
      (name, [, command = '', ...args], input) => {
        const id = containers.find((one) => one.container === name)?.node ?? 0;
        if (command === 'state') return ok(stateLines(this.#state(id)));
        if (command === 'position') return ok(this.#position(id));
        this.orders.push([name, command, ...args].join(' '));
        if (input !== '') this.told.push(input);
        if (command === 'recover') this.members = [id];
        if (command === 'forget') this.members = this.members.filter((member) => member !== id);
        return ok();
      },
      { volumes: this.volumes },
    );
    const sql: Sql = {
      query: ({ port }, text, { values = [] }) => Promise.resolve().then(() => this.#answer(port - 5431, text, values)),
      close,
    };
    return { prefix: 'pgraft', provider: 'registry', docker, sql, secrets: this.secrets, clock: this.clock, close };
  }

  /** As `npm run recover -- <name of id>` does it; the reason when it stops. */
  async run(id: number): Promise<string> {
    const view = await readCluster(this.live);
    if (view === undefined) throw new Error('there is a cluster');
    const surveyed = await survey(this.live, view);
    const plan = planRecovery(
      surveyed,
      surveyed.servers.find((server) => server.id === id),
    );
    if (plan.kind === 'stop') return plan.reason;
    await recover(plan, topology, this.live, silentReport());
    return 'recovered';
  }

  #state(id: number): NodeState {
    const whole = { data: 'present', formation: 'consumed', configured: 'yes', phase: 'running' } as const;
    return this.members.includes(id)
      ? state({ ...whole, raft: 'present' })
      : state({
          ...whole,
          lost: 'yes',
          configured: this.unconfigured.has(id) && this.told.length === 0 ? 'no' : 'yes',
        });
  }

  readonly unconfigured = new Set<number>();

  #position(id: number): string {
    const data = this.incomplete.has(id) ? 'incomplete' : 'whole';
    return `data=${data}\nterm=1\nlsn=0/${4 - id}000000\nraft_term=3\n`;
  }

  #answer(id: number, text: string, values: readonly unknown[]): SqlRow[] {
    if (text.includes('pgraft_add_node')) return this.#add(text, values);
    const leads = id === this.members[0];
    const others = this.members.filter((member) => member !== this.members[0]);
    if (text.includes('from pg_stat_replication')) {
      const stream = { state: 'streaming', sync_state: 'quorum', flush_lag: '0', replay_lag: '0' };
      return others.map((member) => ({ application_name: `${container(member).name}_0a1b`, ...stream }));
    }
    const member = this.members.includes(id);
    if (text.includes('pgraft_get_nodes()')) {
      if (!member) return [];
      return this.members.map((one) => ({ node_id: one, name: container(one).name, state: 'follower', voter: true }));
    }
    if (text.includes('pgraft_get_cluster_status()')) {
      const word = leads ? 'leader' : member ? 'follower' : 'unavailable';
      const writable = leads && this.writable;
      const flags = { writable, synchronous_in_force: writable, quorum_met: member, failover_enabled: true };
      const numbers = { current_term: '4', leader_id: String(this.members[0] ?? 0), commit_index: '5' };
      return [{ state: word, role: leads ? 'primary' : 'standby', ...numbers, ...flags }];
    }
    const lsn = { written_lsn: '0/3000148', replayed_lsn: '0/3000148' };
    return [{ in_recovery: !(leads && this.writable), timeline: 2, system_identifier: '73', ...lsn }];
  }

  #add(text: string, values: readonly unknown[]): SqlRow[] {
    this.orders.push(`${text.replace('select ', '')} ${values.join(' ')}`);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    this.members.push(Number(values[0]));
    return [];
  }
}

const close = () => undefined;
const add = (id: number) =>
  `pgraft_add_node($1, $2, $3) ${id} pgraft-replica${id - 1} ${topology.nodes[id - 1]?.raftPort ?? 0}`;

let group: Group;
beforeEach(() => {
  group = new Group();
});

describe('npm run recover', () => {
  it('lets the others forget, one go on, and adds the others', async () => {
    await expect(group.run(1)).resolves.toBe('recovered');
    expect(group.orders).toEqual([
      'pgraft-replica1 forget',
      'pgraft-replica2 forget',
      'pgraft-primary recover 3',
      add(2),
      add(3),
    ]);
  });

  it('broken off at an add, goes on with the adding alone', async () => {
    group.failures = [coded('42501', 'permission denied')];
    await expect(group.run(1)).rejects.toThrow('permission denied; see npm run status');
    expect(group.members).toEqual([1]);
    group.orders.length = 0;
    await expect(group.run(1)).resolves.toBe('recovered');
    expect(group.orders).toEqual([add(2), add(3)]);
  });

  it('asks again where the group cannot do it now', async () => {
    group.members = [1, 2];
    group.failures = [
      coded('55006', 'another change is under way'),
      coded('55000', 'node 3 did not answer within 10 s'),
      coded('57P03', 'no majority answers'),
      coded('ECONNRESET', 'read ECONNRESET'),
    ];
    await expect(group.run(1)).resolves.toBe('recovered');
    expect(group.orders).toEqual(Array.from({ length: 5 }, () => add(3)));
  });

  it('gives the asking up after ten minutes, and says what was answered', async () => {
    group.members = [1, 2];
    group.failures = Array.from({ length: 1_000 }, () => coded('55000', 'its data is of another cluster'));
    await expect(group.run(1)).rejects.toThrow(
      /waited 10m.* pgraft-replica2 to be added; last seen: its data is of another/,
    );
  });

  it('tells the secrets to one that it adds and whose volume was lost', async () => {
    group.members = [1, 2];
    group.unconfigured.add(3);
    await expect(group.run(1)).resolves.toBe('recovered');
    expect(group.orders).toEqual(['pgraft-replica2 configure', add(3)]);
    expect(group.told[0]).toContain(`raft_key=${group.secrets.raft_key}`);
  });

  it('stops where the group is whole', async () => {
    group.members = [1, 2, 3];
    await expect(group.run(1)).resolves.toContain('is mended by itself');
    expect(group.orders).toEqual([]);
  });

  it('waits for the only voter to serve; where it never does, another may go on, and that one forgets first', async () => {
    group.members = [1];
    group.writable = false;
    const before = group.clock.now();
    const going = group.run(2);
    await expect(going.catch(() => 'failed')).resolves.toBe('failed'); // it does not serve here, either
    expect(group.clock.now() - before).toBeGreaterThanOrEqual(60_000);
    expect(group.orders).toEqual(['pgraft-primary forget', 'pgraft-replica2 forget', 'pgraft-replica1 recover 3']);
  });

  it('tells the server that nobody has whole data (R3)', async () => {
    for (const id of ids) group.incomplete.add(id);
    await expect(group.run(1)).resolves.toBe('recovered');
    expect(group.orders).toContain('pgraft-primary recover 3 incomplete');
  });

  it('stops where a container is gone and its volume is there', async () => {
    group.running = [1, 2];
    group.volumes = ['pgraft-replica2-data'];
    await expect(group.run(1)).resolves.toContain('docker volume rm pgraft-replica2-data');
    expect(group.orders).toEqual([]);
  });
});

describe('mayPass', () => {
  it.each(['55000', '55006', '57P03', '57P01', '40003', '08006', 'ECONNREFUSED'])('%s', (code) => {
    expect(mayPass(coded(code, ''))).toBe(true);
  });

  it.each(['42501', '42710', '22023', '42883'])('not %s', (code) => {
    expect(mayPass(coded(code, ''))).toBe(false);
  });
});
