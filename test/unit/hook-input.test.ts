import { describe, expect, it } from 'vitest';
import { hookClusterVariable, hookInputVariable, readHookCall } from '../../constructs/hook-input.js';
import { parseSettings } from '../../constructs/settings.js';
import { clusterTopology } from '../../constructs/topology.js';

const topology = {
  ...clusterTopology(parseSettings({})),
  definitions: { '1': 'c0ffee' },
  reloadable: "work_mem = '8MB'",
  limits: { max_connections: '50' },
  shrinkBelowMajority: false,
};
const environment = (input: unknown, cluster: unknown = topology) => ({
  [hookInputVariable]: typeof input === 'string' ? input : JSON.stringify(input),
  [hookClusterVariable]: JSON.stringify(cluster),
});
const check = { hook: 'check', prefix: 'pgraft', node: 2, container: 'pgraft-replica1', containerId: 'abc' };

describe('a hook', () => {
  it('gets its input and the cluster as declared', () => {
    expect(readHookCall('check', environment(check))).toEqual({ input: check, cluster: topology });
  });

  it('says who calls it when it is called by hand', () => {
    expect(() => readHookCall('check', {})).toThrow(
      'PGRAFT_HOOK_INPUT is not set: hooks are called by Terraform; run them through cdktf deploy or destroy',
    );
  });

  it.each([
    ['text', 'PGRAFT_HOOK_INPUT is not JSON: text'],
    [{ ...check, hook: 'spin' }, 'PGRAFT_HOOK_INPUT is not what hooks expect'],
    [{ ...check, containerId: '' }, 'PGRAFT_HOOK_INPUT is not what hooks expect'],
    [{ ...check, node: 10 }, 'PGRAFT_HOOK_INPUT is not what hooks expect'],
    [{ hook: 'join', prefix: 'pgraft' }, 'PGRAFT_HOOK_INPUT is for the hook "join", not "check"'],
  ])('refuses %j', (input, message) => {
    expect(() => readHookCall('check', environment(input))).toThrow(message);
  });

  it('refuses a cluster without nodes', () => {
    expect(() => readHookCall('check', environment(check, { ...topology, nodes: [] }))).toThrow(
      'PGRAFT_HOOK_CLUSTER is not what hooks expect',
    );
  });
});
