/** What `pgraft-node state` says about a node, read from outside of PostgreSQL. */
import { z } from 'zod';
import type { Docker } from './docker.js';

const schema = z.object({
  data: z.enum(['none', 'present']),
  raft: z.enum(['none', 'present']),
  /** Whether data and Raft state belong together (R4). */
  incarnation: z.enum(['none', 'match', 'mismatch']),
  configured: z.enum(['yes', 'no']),
  /** token: may form the group once; consumed: it has. */
  formation: z.enum(['none', 'token', 'consumed']),
  /** It lost its data or its Raft state, and was not added again yet. */
  lost: z.enum(['yes', 'no']).default('no'),
  phase: z.enum(['waiting', 'initializing', 'cloning', 'rejoining', 'starting', 'running', 'stopping', 'refused']),
  system_identifier: z.string(),
  /** What it waits for, or why it refused. */
  message: z.string(),
});

export type NodeState = z.infer<typeof schema>;

/** A node's answer, or why there is none. */
export type NodeAnswer =
  { readonly asked: true; readonly state: NodeState } | { readonly asked: false; readonly problem: string };

/** Whether PostgreSQL ended by itself at the last start, by the sentence that the entry point then has in its state. */
export function isCrashing({ phase, message }: NodeState): boolean {
  return phase === 'starting' && message.startsWith('PostgreSQL ended with status');
}

/** Ask a node for its state. `deadline` in milliseconds. @throws UserError only when Docker itself does not answer */
export async function askState(docker: Docker, container: string, deadline: number): Promise<NodeAnswer> {
  const outcome = await docker.exec(container, ['pgraft-node', 'state'], { deadline });
  if (!outcome.ok) return { asked: false, problem: outcome.problem };
  return readState(outcome.stdout);
}

/** A node's answer from its `key=value` lines; keys that we do not know are passed over. */
export function readState(text: string): NodeAnswer {
  const pairs = text
    .split('\n')
    .filter((line) => line.includes('='))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const result = schema.safeParse({ system_identifier: '', message: '', ...Object.fromEntries(pairs) });
  if (result.success) return { asked: true, state: result.data };
  const fields = [...new Set(result.error.issues.map((issue) => issue.path.join('.')))].join(', ');
  return { asked: false, problem: `pgraft-node state answered without a valid ${fields}` };
}
