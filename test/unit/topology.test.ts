import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../constructs/settings.js';
import {
  clientHost,
  clusterTopology,
  connectionUrl,
  stateDirectory,
  type TopologyProps,
} from '../../constructs/topology.js';

const props: fc.Arbitrary<TopologyProps> = fc.record({
  nodes: fc.integer({ min: 1, max: 9 }),
  prefix: fc.stringMatching(/^[a-z]([a-z0-9-]{0,20}[a-z0-9])?$/),
  postgresPort: fc.integer({ min: 20000, max: 30000 }),
  raftPort: fc.integer({ min: 40000, max: 50000 }),
  bindAddress: fc.constant('127.0.0.1'),
});

describe('the topology', () => {
  it('of the default settings is the reference page', () => {
    expect(clusterTopology(parseSettings({}))).toEqual({
      prefix: 'pgraft',
      network: 'pgraft-network',
      alias: 'pgraft',
      bindAddress: '127.0.0.1',
      nodes: [
        {
          id: 1,
          name: 'primary',
          container: 'pgraft-primary',
          volume: 'pgraft-primary-data',
          hostname: 'pgraft-primary',
          postgresPort: 5432,
          raftPort: 7001,
          raftAddress: 'pgraft-primary:7001',
        },
        expect.objectContaining({ id: 2, name: 'replica1', postgresPort: 5433, raftAddress: 'pgraft-replica1:7002' }),
        expect.objectContaining({ id: 3, name: 'replica2', postgresPort: 5434, raftAddress: 'pgraft-replica2:7003' }),
      ],
    });
  });

  it('gives a server the same names and ports whatever the number of servers', () => {
    fc.assert(
      fc.property(props, fc.integer({ min: 1, max: 9 }), (given, other) => {
        const shared = Math.min(given.nodes, other);
        const nodes = clusterTopology(given).nodes.slice(0, shared);
        expect(clusterTopology({ ...given, nodes: other }).nodes.slice(0, shared)).toEqual(nodes);
      }),
    );
  });

  it('gives no two servers the same name', () => {
    fc.assert(
      fc.property(props, (given) => {
        const { nodes } = clusterTopology(given);
        expect(nodes).toHaveLength(given.nodes);
        for (const key of ['id', 'name', 'container', 'volume', 'raftAddress'] as const) {
          expect(new Set(nodes.map((node) => node[key])).size).toBe(given.nodes);
        }
      }),
    );
  });

  it('keeps host names within 63 characters for the longest prefix', () => {
    const settings = parseSettings({ context: { nodes: 9, prefix: 'p'.repeat(54) } });
    const lengths = clusterTopology(settings).nodes.map((node) => node.hostname.length);
    expect(Math.max(...lengths)).toBe(63);
  });

  it('puts the files of each prefix in a directory of their own', () => {
    expect(stateDirectory('demo')).toBe('.pgraft/demo');
  });
});

describe('connection URLs', () => {
  const topology = clusterTopology(parseSettings({}));

  it('name every server, and no password', () => {
    expect(connectionUrl(topology, 'read-write')).toBe(
      'postgresql://app@127.0.0.1:5432,127.0.0.1:5433,127.0.0.1:5434/app?target_session_attrs=read-write&connect_timeout=2',
    );
    expect(connectionUrl(topology, 'prefer-standby')).toMatch(/target_session_attrs=prefer-standby&connect_timeout=2$/);
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
    ['fd00::7', '[fd00::7]'],
  ])('for ports published on %s reach %s', (bindAddress, host) => {
    expect(clientHost(bindAddress)).toBe(host);
  });
});
