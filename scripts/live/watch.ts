/** A cluster looked at many times a second: SQL every time, Docker and the entry points only now and then. */
import type { Clock } from '../kit/clock.js';
import type { ClusterObjects } from './docker.js';
import type { NodeAnswer } from './node-state.js';
import { readCluster, type Sources } from './read.js';
import type { ClusterView } from './view.js';

/** Each question to Docker starts a process or two, which a machine that is starting servers can ill afford. */
const dockerEvery = 2_000;
const entryPointEvery = 750;

/** @returns a function that reads the cluster; it throws what readCluster throws */
export function openWatch(sources: Sources, clock: Clock): () => Promise<ClusterView | undefined> {
  const answers = new Map<number, NodeAnswer>();
  let objects: { value: ClusterObjects; at: number } | undefined;
  let askedAt = -Infinity;
  return async () => {
    if (objects === undefined || clock.now() - objects.at >= dockerEvery) {
      objects = { value: await sources.docker.objects(sources.prefix), at: clock.now() };
    }
    const askEntryPoint = clock.now() - askedAt >= entryPointEvery;
    if (askEntryPoint) askedAt = clock.now();
    const view = await readCluster(sources, { objects: objects.value, askEntryPoint });
    return view && { ...view, nodes: view.nodes.map(remember) };
  };

  function remember(node: ClusterView['nodes'][number]) {
    if (node.entryPoint !== undefined) answers.set(node.id, node.entryPoint);
    if (node.postgres.accepting && node.raft.available) answers.delete(node.id);
    return { ...node, entryPoint: node.entryPoint ?? answers.get(node.id) };
  }
}
