/** What somebody who looks after a cluster would want to know although it serves. Pure. */
import { sizeText } from './size-text.js';
import { findNode, primaryOf, streamOf, type ClusterView, type SettingDifference } from './view.js';

/** A standby further behind than this (bytes: one segment of WAL) is named. */
const notableLag = 16 * 1024 * 1024;

/** Sentences about standbys that lag and settings that differ; empty when there is nothing to say. */
export function remarksOf(view: ClusterView): string[] {
  return [...lagRemarks(view), ...(view.differences ?? []).map((difference) => settingRemark(view, difference))];
}

/** Whether a lag of so many bytes is worth a remark. */
export function isNotableLag(bytes: number): boolean {
  return bytes >= notableLag;
}

function lagRemarks(view: ClusterView): string[] {
  const primary = primaryOf(view);
  if (primary === undefined) return [];
  return view.nodes.flatMap((node) => {
    const stream = streamOf(primary, node);
    if (stream === undefined || !isNotableLag(stream.replayLagBytes)) return [];
    return [`${node.container} lags ${sizeText(stream.replayLagBytes)} behind ${primary.container}`];
  });
}

/** `setting work_mem differs: 4096kB on pgraft-primary, 65536kB on pgraft-replica1 and pgraft-replica2`. */
function settingRemark(view: ClusterView, { name, values }: SettingDifference): string {
  const groups = new Map<string, string[]>();
  for (const { id, value } of values) {
    const shown = value === undefined ? 'unknown' : value === '' ? "''" : value;
    groups.set(shown, [...(groups.get(shown) ?? []), findNode(view, id)?.container ?? `node ${id}`]);
  }
  const told = [...groups].map(([value, containers]) => `${value} on ${containers.join(' and ')}`);
  return `setting ${name} differs: ${told.join(', ')}`;
}
