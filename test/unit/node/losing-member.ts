/** A member that loses something, or is told to leave its group, in the shell tests of the loop. */
import { expect } from 'vitest';
import { data, incarnation, RejoiningNode } from './rejoining-node.js';
import { volume } from './node-shell.js';

export const raft = `${volume}/pgraft`;

/** Whole in its data and its Raft state, before anything is lost. */
export function member(): RejoiningNode {
  const made = new RejoiningNode();
  made.write(`${raft}/formation.consumed`, 'once\n');
  made.write(`${raft}/formed`, 'node_id=1\n');
  made.write(`${raft}/established`, 'yes\n');
  made.write(`${raft}/raft/metadata1`, 'x');
  return made;
}

/** Turns of the loop that must work. */
export function turn(node: RejoiningNode, options: Parameters<RejoiningNode['run']>[0] = {}): string {
  const { status, stdout, stderr } = node.run(options);
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

/** R4: started under an incarnation that it never had, without Raft state, and never to form a group by itself. */
export function expectAnew(node: RejoiningNode, rows: 'old' | 'new', point = ''): void {
  expect(node.started(), point).toBe(rows);
  const [beside, inRaft] = [`${data}/pgraft.incarnation`, `${raft}/incarnation`].map((path) => node.read(path));
  expect(beside, point).toBe(inRaft);
  expect(beside, point).not.toBe(`${incarnation}\n`);
  for (const gone of ['incarnation.next', 'raft', 'formed', 'established', 'lost', 'formation.token', 'rejoin']) {
    expect(node.has(`${raft}/${gone}`), `${gone} ${point}`).toBe(false);
  }
  expect(node.has(`${raft}/formation.consumed`), point).toBe(true);
  for (const left of ['main.old', 'main.new']) expect(node.has(`${volume}/17/${left}`), `${left} ${point}`).toBe(false);
  expect(node.state(), point).toMatchObject({ lost: 'yes', incarnation: 'match' });
}
