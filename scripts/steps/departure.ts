/** What a server's destroy hook has to do: nothing, or what is not built yet. Pure. */
import type { InputOf } from '../../constructs/hook-input.js';

export type Departure =
  { readonly refuse: false; readonly because: string } | { readonly refuse: true; readonly reason: string };

const planned = 'is not built yet (planned as "Change a running cluster")';

/** A server leaves the cluster, or a slot is filled for the first time. */
export function leaving(input: InputOf<'leave'>, tearingDown: boolean): Departure {
  if (input.present === 'no') return nothing(`slot ${input.node} was empty`);
  if (tearingDown) return nothing('the cluster is torn down');
  return refuse(
    `${input.container} would leave cluster ${input.prefix}: shrinking a running cluster ${planned}; it goes on unchanged. ` +
      'Set nodes back to what it was, or remove the whole cluster with npm run destroy',
  );
}

/** A server's container is replaced. `containerExists`: the one that was deployed, by its id. */
export function rolling(input: InputOf<'roll'>, tearingDown: boolean, containerExists: boolean): Departure {
  if (input.containerId === '') return nothing(`slot ${input.node} was empty`);
  if (tearingDown) return nothing('the cluster is torn down');
  if (!containerExists) return nothing(`${input.container} is gone already and is made anew`);
  return refuse(
    `${input.container} would be replaced: replacing running servers one by one ${planned}; it goes on unchanged. Undo the ` +
      'change, or remove the whole cluster, with its data, with npm run destroy and start it anew',
  );
}

const nothing = (because: string): Departure => ({ refuse: false, because });
const refuse = (reason: string): Departure => ({ refuse: true, reason });
