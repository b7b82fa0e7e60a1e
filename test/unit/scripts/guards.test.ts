import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../constructs/topology.js';
import {
  isFree,
  nameObstacles,
  portObstacles,
  publishedPorts,
  removalCommands,
  strangerObstacles,
} from '../../../scripts/kit/guards.js';

const topology = clusterTopology({
  nodes: 3,
  prefix: 'pgraft',
  postgresPort: 5432,
  raftPort: 7001,
  bindAddress: '127.0.0.1',
});

describe('portObstacles', () => {
  it('says which port is for what, who has it, and which variable to change', () => {
    expect(
      portObstacles(
        [
          { port: 5433, holder: 'container other-db' },
          { port: 7003, holder: undefined },
        ],
        topology,
      ),
    ).toEqual([
      'port 5433 (PostgreSQL of pgraft-replica1) is in use by container other-db; stop that, or choose other ports with PGRAFT_POSTGRES_PORT',
      'port 7003 (Raft of pgraft-replica2) is in use; stop that, or choose other ports with PGRAFT_RAFT_PORT',
    ]);
  });
});

describe('nameObstacles', () => {
  it('names what has our names without our label, and nothing else', () => {
    const obstacles = nameObstacles(
      [
        { kind: 'container', name: 'pgraft-primary', id: 'id of pgraft-primary', cluster: '' },
        { kind: 'container', name: 'pgraft-replica1', id: 'id of pgraft-replica1', cluster: 'pgraft' },
        { kind: 'container', name: 'pgraft-replica8', id: 'id of pgraft-replica8', cluster: '' },
        { kind: 'network', name: 'pgraft-network', id: 'id of pgraft-network', cluster: 'another' },
        { kind: 'volume', name: 'pgraft-replica2-data', id: 'id of pgraft-replica2-data', cluster: '' },
        { kind: 'volume', name: 'pgraft-primary', id: 'id of pgraft-primary', cluster: '' },
      ],
      topology,
    );
    expect(obstacles.map((text) => /there is a (\w+ [\w-]+)/.exec(text)?.[1])).toEqual([
      'container pgraft-primary',
      'network pgraft-network',
      'volume pgraft-replica2-data',
    ]);
    expect(obstacles[0]).toContain('"docker container rm pgraft-primary"');
  });
});

describe('strangerObstacles', () => {
  const object = (kind: 'container' | 'network' | 'volume', name: string) => ({
    kind,
    name,
    id: name,
    cluster: 'pgraft',
  });

  it('are none where Terraform knows everything', () => {
    expect(strangerObstacles([])).toEqual([]);
  });

  it('name what has our label without being ours, where it may belong, and how it goes', () => {
    const [obstacle] = strangerObstacles([
      object('network', 'pgraft-network'),
      object('volume', 'pgraft-primary-data'),
    ]);
    expect(obstacle).toContain('network pgraft-network, volume pgraft-primary-data are labelled as of cluster pgraft');
    expect(obstacle).toContain('it belongs to another checkout, or that state was lost');
    expect(obstacle).toContain('run: docker volume rm pgraft-primary-data && docker network rm pgraft-network');
  });
});

describe('removalCommands', () => {
  it('come in the order that Docker asks for', () => {
    expect(
      removalCommands([
        { kind: 'network', name: 'n' },
        { kind: 'volume', name: 'v' },
        { kind: 'container', name: 'a' },
        { kind: 'container', name: 'b' },
      ]),
    ).toEqual(['docker container rm --force a b', 'docker volume rm v', 'docker network rm n']);
  });
});

describe('publishedPorts', () => {
  it.each([
    ['', []],
    ['5432/tcp', []],
    ['127.0.0.1:5432->5432/tcp, 127.0.0.1:7001->7001/tcp', [5432, 7001]],
    ['0.0.0.0:7001-7003->7001-7003/tcp, :::8080->80/tcp', [7001, 7002, 7003, 8080]],
  ])('reads %j', (text, expected) => {
    expect(publishedPorts(text)).toEqual(expected);
  });
});

describe('isFree', () => {
  it('tells a port that somebody listens on from one that nobody does', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await isFree(port, '127.0.0.1')).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isFree(port, '127.0.0.1')).toBe(true);
  });
});
