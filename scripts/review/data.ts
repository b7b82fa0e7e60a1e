/** What becomes of the volumes. Pure. */
import type { ClusterChanges, DataAction, NodeChange } from './changes.js';
import { count, list } from './words.js';

/** Names of volumes. */
export type DataReview = Readonly<Record<DataAction, readonly string[]>> & { readonly sentence: string };

export function dataOf({ nodes }: Pick<ClusterChanges, 'nodes'>): DataReview {
  const of = (action: DataAction) => nodes.filter(({ data }) => data === action).map(({ volume }) => volume);
  const volumes = {
    kept: of('kept'),
    new: of('new'),
    removed: of('removed'),
    replaced: of('replaced'),
    lost: of('lost'),
  };
  return { ...volumes, sentence: sentence(nodes, volumes) };
}

function sentence(nodes: readonly NodeChange[], volumes: Readonly<Record<DataAction, readonly string[]>>): string {
  const { kept, removed, replaced, lost } = volumes;
  const parts: string[] = [];
  if (removed.length > 0) parts.push(`${list(removed)} deleted, with the data`);
  if (replaced.length > 0) parts.push(`${list(replaced)} deleted and made anew, empty`);
  if (lost.length > 0) parts.push(`${list(lost)} gone already, made anew empty`);
  if (volumes.new.length > 0) parts.push(`${list(volumes.new)} new`);
  if (parts.length === 0)
    return `${kept.length === 1 ? 'The volume is' : `All ${count(kept.length, 'volume')} are`} kept.`;
  if (kept.length > 0) parts.unshift(kept.length === nodes.length ? 'all kept' : `${list(kept)} kept`);
  return `${parts.join('; ')}.`;
}
