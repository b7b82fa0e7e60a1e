import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { NodeContainer, secrets } from '../../support/node-container.js';
import { beat, challengeSize, converse, greetAndSay, hello, holdOpen, proofSize, requestVote } from './raft-client.js';
import type { Server, ServerGroup } from './server-group.js';

const refusal = /^(\S+ \S+) UTC .*connection with (\S+) refused: .*$/gm;
const logInterval = 10_000;
const flood = 300;
const residentGrowthLimit = 2_048;

/** Whoever is on the network without the key is nobody: no member, no vote, no change of term or leader. */
export function strangers(group: () => ServerGroup): void {
  /** What no stranger may change, as each server sees it. */
  const standing = () =>
    group().each(async (server) => {
      const { current_term, leader_id, num_nodes, promotion_term } = await server.status();
      const nodes = await server.value(
        "SELECT string_agg(node_id || ' ' || name || ' ' || address, ', ') FROM pgraft_get_nodes()",
      );
      return { current_term, leader_id, num_nodes, promotion_term, nodes, postmaster: server.postmasterPid() };
    });
  let before: Awaited<ReturnType<typeof standing>>;

  const expectUnmoved = async () => {
    expect(await standing()).toEqual(before);
    await group().write();
    await group().healthy(3_000);
  };

  const refusals = (server: Server) => [...server.log().matchAll(refusal)];
  const refused = async (server: Server) =>
    Number(await server.value('SELECT greetings_refused FROM pgraft_log_get_stats()'));

  describe('a connection from a stranger', () => {
    const target = () => group().standbys[0] as Server;
    beforeAll(async () => {
      before = await standing();
    });

    it.each<[string, Buffer]>([
      ['zeros', Buffer.alloc(600)],
      ['a request of another protocol', Buffer.from(`GET / HTTP/1.1\r\n${'x'.repeat(600)}`)],
      [
        'what libraft sends without a greeting',
        Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1]), Buffer.alloc(600, 1)]),
      ],
      ['a greeting for another server', hello({ from: 3, to: 1, name: 'replica2' })],
      ['a greeting of the server itself', hello({ from: 2, to: 2, name: 'replica1' })],
      [
        'a greeting with a host name of 300 bytes',
        hello({ from: 3, to: 2, name: 'replica2', address: `${'h'.repeat(300)}:7003` }),
      ],
    ])('that says %s is hung up on, unanswered', async (_, bytes) => {
      expect(await converse(target().ports.raft, [bytes])).toHaveLength(0);
      await expectUnmoved();
    });

    it.each([0, 2, 0xffff])(
      'that greets in version %i of the protocol is hung up on, unanswered, and counted',
      async (version) => {
        const earlier = await refused(target());
        const bytes = hello({ from: 3, to: 2, name: 'replica2', version });
        expect(await converse(target().ports.raft, [bytes])).toHaveLength(0);
        await eventually(
          'it to be counted',
          () => refused(target()),
          (count) => count > earlier,
          1_000,
        );
        await expectUnmoved();
      },
    );

    it('that greets like a member and asks for a vote, but cannot prove who it is, hears the challenge and no more', async () => {
      const bytes = hello({ from: 3, to: 2, name: 'replica2' });
      const answer = await converse(target().ports.raft, [
        bytes,
        Buffer.alloc(proofSize, 7),
        requestVote({ term: 1_000, candidate: 3 }),
      ]);
      expect(answer).toHaveLength(challengeSize);
      await expectUnmoved();
    });

    it('that greets like a leader with beats to tell, but cannot prove who it is, hears the challenge and no more', async () => {
      const bytes = hello({ from: 1, to: 2, name: 'primary', kind: 'peer' });
      const forged = beat({ term: before[0]?.current_term ?? 0, promotionTerm: 0 });
      expect(await converse(target().ports.raft, [bytes, Buffer.alloc(proofSize, 7), forged])).toHaveLength(
        challengeSize,
      );
      await expectUnmoved();
    });

    it.each<[string, Buffer]>([
      ['a length that no message has', Buffer.from([0xff, 0xff, 0xff, 0xff])],
      ['a beat of term 0', beat({ term: 0, promotionTerm: 0 })],
      ['random bytes in a frame', Buffer.concat([Buffer.from([64, 0, 0, 0]), Buffer.alloc(64, 0xa5)])],
    ])('with the key, but with nonsense behind its greeting (%s), is hung up on', async (_, nonsense) => {
      const member = { from: 3, to: 2, name: 'replica2', address: group().servers[2]?.member.split('=')[1] ?? '' };
      await greetAndSay(target().ports.raft, secrets.raft_key, { ...member, kind: 'peer' }, nonsense);
      await expectUnmoved();
    });

    it('with the key and nothing to say is kept; of the nonsense the log says why', async () => {
      const guest = { from: 9, to: 2, name: 'guest', kind: 'peer' } as const;
      const silent = greetAndSay(target().ports.raft, secrets.raft_key, guest, Buffer.alloc(0));
      await expect(silent).rejects.toThrow('has not hung up');
      expect(target().log()).toMatch(/pgraft: link from node 3 closed: no message has that length/);
      await expectUnmoved();
    });

    it(`costs nothing: ${flood} of them leave the worker's memory as it was`, async () => {
      const storm = async () => {
        for (let done = 0; done < flood; done += 30) {
          await Promise.all(Array.from({ length: 30 }, () => converse(target().ports.raft, [Buffer.alloc(600, done)])));
        }
      };
      await storm(); // what the first ones make grow, as every allocator does, is not a leak
      const resident = residentSize(target());
      await storm();
      expect(residentSize(target()) - resident).toBeLessThan(residentGrowthLimit);
      await expectUnmoved();
    });

    it('is told of in the log at most once in ten seconds and host, however many there were, and counted', async () => {
      await eventually(
        'a refusal in the log',
        () => refusals(target()).length,
        (count) => count > 0,
        1_000,
      );
      const told = refusals(target());
      for (const host of new Set(told.map(([, , of]) => of))) {
        const times = told
          .filter(([, , of]) => of === host)
          .map(([, time]) => Date.parse(`${time?.replace(' ', 'T')}Z`));
        for (const [i, time] of times.slice(1).entries())
          expect(time - (times[i] ?? 0), host).toBeGreaterThanOrEqual(logInterval);
      }
      expect(await refused(target())).toBeGreaterThan(2 * flood);
    });

    it('that says nothing is hung up on within 4 s, also when there are a hundred, and keeps nobody out', async () => {
      const closed = await holdOpen(target().ports.raft, 100, async () => {
        await expectUnmoved();
        expect(await target().value('SELECT pgraft_quorum_met()')).toBe(true);
      });
      expect(closed).toBeLessThan(4_000);
      await expectUnmoved();
    });
  });

  describe('a server of pgraft with another key, which says that it is node 1 of this group', () => {
    let intruder: NodeContainer;

    beforeAll(async () => {
      before = await standing();
      intruder = new NodeContainer({
        place: { ...group().place, prefix: `${group().place.prefix}-false` },
        name: 'primary',
        id: 1,
      });
      intruder.create();
      await intruder.reaches({ phase: 'waiting' });
      intruder.configure({
        initial_cluster: [intruder.member, ...group().standbys.map(({ member }) => member)].join(','),
        raft_key: 'f'.repeat(64),
        formation_token: 'stolen',
      });
      intruder.exec(['pgraft-node', 'initialize']);
      await intruder.reaches({ phase: 'running' }, 20_000);
    });
    afterAll(() => {
      intruder.dispose();
    });

    it('gets no vote, is in nobody’s list and changes neither term nor leader', async () => {
      const look = () => intruder.sql('SELECT state, current_term, quorum_met FROM pgraft_get_cluster_status()');
      await eventually('it to stand for election', look, (seen) => seen === 'candidate|0|f', 10_000);
      await intruder.logs('refused: not authenticated');
      await expectUnmoved();
      expect(look()).toBe('candidate|0|f');
    });

    it('without any key at all, does not speak', async () => {
      const logged = intruder.log().length;
      intruder.exec([
        'sh',
        '-c',
        `rm cluster/raft.key && kill -TERM ${intruder.exec(['pgrep', '-f', 'pgraft consensus']).trim()}`,
      ]);
      await intruder.logs('pgraft consensus stops: could not read the key file', logged);
      expect(intruder.sql('SELECT pgraft_get_leader()')).toBe('0');
      await expectUnmoved();
    });
  });
}

/** Resident memory of the consensus worker, in kB. */
function residentSize(server: Server): number {
  const status = server.exec(['cat', `/proc/${server.workerPid('consensus')}/status`]);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
