/**
 * Docker 20.10 locks a container for good when it is frozen just while a command is begun in it, or still writes: nothing but the cgroup
 * thaws it then. So what enters a container, and what freezes it, take turns.
 */
const last = new Map<string, Promise<unknown>>();

/** Do `work` when nothing else that takes turns is done with any of the containers. */
export async function inTurn<T>(containers: readonly string[], work: () => Promise<T>): Promise<T> {
  const before = containers.flatMap((container) => last.get(container) ?? []);
  const turn = Promise.allSettled(before).then(work);
  for (const container of containers) last.set(container, turn);
  return turn;
}
