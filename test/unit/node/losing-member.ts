/** A member that loses something, or is told to leave its group, in the shell tests of the loop. */
import { expect } from 'vitest';
import { data, incarnation, RejoiningNode } from './rejoining-node.js';
import { volume } from './node-shell.js';

export const raft = `${volume}/pgraft`;

/** Whole in its data and its Raft state, before anything is lost. */
export class LosingMember extends RejoiningNode {
  constructor() {
    super();
    this.write(`${raft}/formation.consumed`, 'once\n');
    this.write(`${raft}/formed`, 'node_id=1\n');
    this.write(`${raft}/established`, 'yes\n');
    this.write(`${raft}/raft/metadata1`, 'x');
  }

  /** Turns of the loop that must work. */
  turn(options: Parameters<RejoiningNode['run']>[0] = {}): string {
    const { status, stdout, stderr } = this.run(options);
    expect(status, stderr).toBe(0);
    return stdout.trim();
  }

  /** R4: started under an incarnation that it never had, without Raft state, and never to form a group by itself. */
  expectAnew(rows: 'old' | 'new', point = ''): void {
    expect(this.started(), point).toBe(rows);
    const [beside, inRaft] = [`${data}/pgraft.incarnation`, `${raft}/incarnation`].map((path) => this.read(path));
    expect(beside, point).toBe(inRaft);
    expect(beside, point).not.toBe(`${incarnation}\n`);
    for (const gone of ['incarnation.next', 'raft', 'formed', 'established', 'lost', 'formation.token', 'rejoin']) {
      expect(this.has(`${raft}/${gone}`), `${gone} ${point}`).toBe(false);
    }
    expect(this.has(`${raft}/formation.consumed`), point).toBe(true);
    for (const left of ['main.old', 'main.new'])
      expect(this.has(`${volume}/17/${left}`), `${left} ${point}`).toBe(false);
    expect(this.state(), point).toMatchObject({ lost: 'yes', incarnation: 'match' });
  }
}
