/** The documented lines of `pgraft_cluster --init`, and when each of them has come true. Pure. */
import { stripVTControlCharacters } from 'node:util';
import type { ClusterTopology } from '../../constructs/topology.js';
import { bootstrapTitles } from './bootstrap-titles.js';

export interface InitLine {
  readonly id: 'begin' | 'network' | 'image' | 'primary' | `replica${number}` | 'election' | 'end';
  /** As on the page, without the tick. */
  readonly text: string;
}

/** The lines for a cluster of any size, in the page's order. */
export function initLines({ nodes }: ClusterTopology): InitLine[] {
  const [first, ...others] = nodes;
  const replicas = others.length === 1 ? '1 replica' : `${others.length} replicas`;
  return [
    { id: 'begin', text: `Initializing 1 primary + ${replicas} with pgraft Raft cluster...` },
    { id: 'network', text: 'Creating Docker network...' },
    { id: 'image', text: 'Building Docker image...' },
    { id: 'primary', text: `Starting primary node (${first?.container ?? ''})...` },
    ...others.map(({ container }, index) => ({
      id: `replica${index + 1}` as const,
      text: `Configuring replica ${container}...`,
    })),
    { id: 'election', text: 'Waiting for Raft leader election...' },
    { id: 'end', text: 'Cluster initialized successfully!' },
  ];
}

/**
 * The lines that have come true by a line that cdktf printed.
 *
 * Later steps prove the earlier ones, which had nothing to do where an interrupted start is gone on with. Only image and
 * network are not in the page's order, since Terraform finishes the stack with the image first.
 */
export function provenBy(printed: string, { nodes }: ClusterTopology): InitLine['id'][] {
  const line = stripVTControlCharacters(printed);
  const replicas = nodes.slice(1).map((_, index) => `replica${index + 1}` as const);
  const created: InitLine['id'][] = ['network', 'image'];
  if (line.includes('docker_image.node: Creation complete')) return ['image'];
  if (line.includes('docker_network.network: Creation complete')) return created;
  if (!line.includes('(local-exec):') || !line.includes('✓ ')) return [];
  if (line.includes(`✓ ${bootstrapTitles.first(nodes[0]?.container ?? '')}`)) return [...created, 'primary'];
  if (line.includes(`✓ ${bootstrapTitles.others}`)) return [...created, 'primary', ...replicas];
  if (line.includes(`✓ ${bootstrapTitles.leader}`)) return [...created, 'primary', ...replicas, 'election'];
  return [];
}

/** What a line that cdktf printed tells about a step that takes long; undefined when nothing. */
export function progressIn(printed: string): string | undefined {
  const line = stripVTControlCharacters(printed);
  const waiting = /\(local-exec\):\s+(waiting for .+)$/.exec(line)?.[1];
  if (waiting !== undefined) return waiting;
  const [, resource, elapsed] =
    /(docker_\w+\.\w+): Still (?:creating|destroying)\.\.\. \[(?:.*, )?(.+?) elapsed\]/.exec(line) ?? [];
  return resource === undefined ? undefined : `${resource.replace(/^docker_(\w+)\.(\w+)$/, '$1 $2')}: ${elapsed ?? ''}`;
}
