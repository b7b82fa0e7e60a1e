import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../constructs/load-settings.js';
import { parseSettings, SettingsError, type SettingsSources } from '../../constructs/settings.js';

/** Every mistake that `sources` lead to. */
function mistakes(sources: SettingsSources): readonly string[] {
  try {
    parseSettings(sources);
  } catch (error) {
    if (error instanceof SettingsError) return error.mistakes;
    throw error;
  }
  return [];
}

const fromEnvironment = (environment: Record<string, string>) => mistakes({ environment });

describe('settings', () => {
  it('have the reference page as defaults', () => {
    expect(parseSettings({})).toEqual({
      nodes: 3,
      prefix: 'pgraft',
      postgresPort: 5432,
      raftPort: 7001,
      bindAddress: '127.0.0.1',
      postgresSettings: {},
      protectData: false,
      shrinkBelowMajority: false,
      dockerProvider: 'registry',
    });
  });

  it('come from the context, then the .env file, then the environment', () => {
    const settings = parseSettings({
      context: { nodes: 5, prefix: 'one', raftPort: 8001 },
      envFile: { PGRAFT_PREFIX: 'two', PGRAFT_RAFT_PORT: '8101' },
      environment: { PGRAFT_RAFT_PORT: '8201' },
    });
    expect(settings).toMatchObject({ nodes: 5, prefix: 'two', raftPort: 8201 });
  });

  it('are what the cluster was made with, unless the environment says otherwise', () => {
    const remembered = (prefix: string) => (prefix === 'two' ? { nodes: 5 } : {});
    const given = { context: { prefix: 'two', nodes: 4 }, envFile: { PGRAFT_NODES: '2' }, remembered };
    expect(parseSettings(given).nodes).toBe(5);
    expect(parseSettings({ ...given, environment: { PGRAFT_NODES: '7' } }).nodes).toBe(7);
    expect(parseSettings({ ...given, environment: { PGRAFT_PREFIX: 'other' } }).nodes).toBe(2);
    expect(mistakes({ remembered: () => ({ nodes: 50 }) })).toEqual([
      'nodes = 50 (settings.json of cluster pgraft): above 9; choose the number of servers, a whole number from 1 to 9',
    ]);
  });

  it('read each variable as what its setting is', () => {
    const environment = {
      PGRAFT_NODES: '9',
      PGRAFT_PREFIX: 'demo',
      PGRAFT_POSTGRES_PORT: '6000',
      PGRAFT_RAFT_PORT: '6100',
      PGRAFT_BIND_ADDRESS: '::1',
      PGRAFT_MEMORY: '512',
      PGRAFT_POSTGRES_SETTINGS: '{"work_mem": "8MB", "jit": false, "max_connections": 50}',
      PGRAFT_PROTECT_DATA: 'true',
      PGRAFT_SHRINK_BELOW_MAJORITY: 'true',
      PGRAFT_DOCKER_PROVIDER: 'embedded',
    };
    expect(parseSettings({ environment })).toEqual({
      nodes: 9,
      prefix: 'demo',
      postgresPort: 6000,
      raftPort: 6100,
      bindAddress: '::1',
      memory: 512,
      postgresSettings: { work_mem: '8MB', jit: 'false', max_connections: '50' },
      protectData: true,
      shrinkBelowMajority: true,
      dockerProvider: 'embedded',
    });
  });

  it('take an empty variable as one that is not set', () => {
    expect(parseSettings({ context: { nodes: 5 }, environment: { PGRAFT_NODES: '' } }).nodes).toBe(5);
  });

  it('leave the variables of hooks and tests alone, and those of others', () => {
    expect(fromEnvironment({ PGRAFT_HOOK_INPUT: '{}', PGRAFT_TEST_KEEP: '1', PGHOST: 'x', HOME: '/' })).toEqual([]);
  });
});

describe('bad settings are refused with value, source, cause and fix:', () => {
  const count = 'choose the number of servers, a whole number from 1 to 9';
  const letters = 'use small letters, digits and "-", such as pgraft';
  const long = 'a'.repeat(70);

  it.each([
    ['0', `below 1; ${count}`],
    ['-3', `below 1; ${count}`],
    ['10', `above 9; ${count}`],
    ['three', `not a number; ${count}`],
    ['2.5', `not whole; ${count}`],
    ['1e1', `not a number; ${count}`],
    ['99999999999999999999', `above 9; ${count}`],
  ])('PGRAFT_NODES=%s', (text, cause) => {
    expect(fromEnvironment({ PGRAFT_NODES: text })).toEqual([
      `nodes = "${text}" (PGRAFT_NODES, environment): ${cause}`,
    ]);
  });

  it.each([
    [0, 'below 1'],
    [10, 'above 9'],
    ['three', 'not a number'],
    ['3', 'not a number'],
    [2.5, 'not whole'],
    [null, 'not a number'],
  ])('nodes: %j in cdktf.json', (value, cause) => {
    expect(mistakes({ context: { nodes: value } })).toEqual([
      `nodes = ${JSON.stringify(value)} (context of cdktf.json): ${cause}; ${count}`,
    ]);
  });

  it.each([
    ['Pgraft', `has capital letters; ${letters}`],
    ['my cluster', `has a space; ${letters}`],
    ['my_cluster', `has characters that a host name cannot have; ${letters}`],
    ['7up', `does not start with a letter or ends with "-"; ${letters}`],
    ['pgraft-', `does not start with a letter or ends with "-"; ${letters}`],
    [long, '70 characters, and host names have room for 54; choose a shorter one'],
  ])('PGRAFT_PREFIX=%s', (text, cause) => {
    expect(fromEnvironment({ PGRAFT_PREFIX: text })).toEqual([
      `prefix = "${text}" (PGRAFT_PREFIX, environment): ${cause}`,
    ]);
  });

  it.each([
    ['0', 'below 1; choose a port, a whole number from 1 to 65535'],
    ['65536', 'above 65535; choose a port, a whole number from 1 to 65535'],
    ['http', 'not a number; choose a port, a whole number from 1 to 65535'],
    ['65534', '3 servers would need ports up to 65536, above 65535; choose at most 65533'],
  ])('PGRAFT_POSTGRES_PORT=%s', (text, cause) => {
    expect(fromEnvironment({ PGRAFT_POSTGRES_PORT: text })).toEqual([
      `postgresPort = "${text}" (PGRAFT_POSTGRES_PORT, environment): ${cause}`,
    ]);
  });

  it.each([
    ['65536', 'above 65535; choose a port, a whole number from 1 to 65535'],
    ['6002', `6002-6004 overlaps postgresPort's 6000-6002; choose ports at least 3 apart`],
    ['5998', `5998-6000 overlaps postgresPort's 6000-6002; choose ports at least 3 apart`],
    ['5430', `5430-5432 holds 5432, PostgreSQL's port inside each container; choose a range without it`],
  ])('PGRAFT_RAFT_PORT=%s beside PostgreSQL at 6000', (text, cause) => {
    expect(fromEnvironment({ PGRAFT_POSTGRES_PORT: '6000', PGRAFT_RAFT_PORT: text })).toEqual([
      `raftPort = "${text}" (PGRAFT_RAFT_PORT, environment): ${cause}`,
    ]);
  });

  it('ranges may touch', () => {
    expect(fromEnvironment({ PGRAFT_POSTGRES_PORT: '6000', PGRAFT_RAFT_PORT: '6003' })).toEqual([]);
    expect(fromEnvironment({ PGRAFT_POSTGRES_PORT: '65533', PGRAFT_RAFT_PORT: '65530' })).toEqual([]);
  });

  it('an address that is a name', () => {
    expect(fromEnvironment({ PGRAFT_BIND_ADDRESS: 'localhost' })).toEqual([
      'bindAddress = "localhost" (PGRAFT_BIND_ADDRESS, environment): not an IP address; choose one of this machine, such as 127.0.0.1',
    ]);
  });

  it('PostgreSQL settings that the cluster owns, that have no such name, or that would begin another line', () => {
    const settings = {
      fsync: 'off',
      'Work Mem': '1',
      search_path: 'a\nb',
      x: [1],
      work_mem: '1MB',
      'pgraft.name': 'x',
    };
    const from = 'PGRAFT_POSTGRES_SETTINGS, environment';
    expect(fromEnvironment({ PGRAFT_POSTGRES_SETTINGS: JSON.stringify(settings) })).toEqual([
      `postgresSettings "fsync" = "off" (${from}): belongs to the cluster (acknowledged writes must survive a crash); remove it`,
      `postgresSettings "Work Mem" = "1" (${from}): not the name of a PostgreSQL setting; write it as in postgresql.conf, in small letters`,
      `postgresSettings "search_path" = "a\\nb" (${from}): has a control character; write the value on one line`,
      `postgresSettings "x" = [1] (${from}): not text, a number, true or false; write the value as in postgresql.conf`,
      `postgresSettings "pgraft.name" = "x" (${from}): belongs to the cluster (of pgraft only election_timeout, heartbeat_interval, snapshot_threshold, trailing_entries are yours); remove it`,
    ]);
  });

  it('PostgreSQL settings that are not JSON', () => {
    expect(fromEnvironment({ PGRAFT_POSTGRES_SETTINGS: 'work_mem=1MB' })).toEqual([
      'postgresSettings = "work_mem=1MB" (PGRAFT_POSTGRES_SETTINGS, environment): not an object of names and values; write {"work_mem": "64MB"}',
    ]);
  });

  it('keys and variables that do not exist', () => {
    const found = mistakes({
      context: { node: 3, excludeStackIdFromLogicalIds: 'true' },
      envFile: { PGRAFT_PORT: '1' },
      environment: { PGRAFT_NODE: '5' },
    });
    expect(found).toHaveLength(3);
    expect(found[0]).toMatch(/^node \(context of cdktf\.json\): no such setting; remove it, or choose one of nodes, /);
    expect(found[1]).toMatch(/^PGRAFT_PORT \(\.env\): no such variable; unset it, or choose one of PGRAFT_NODES, /);
    expect(found[2]).toMatch(/^PGRAFT_NODE \(environment\): no such variable/);
  });

  it('all at once', () => {
    const environment = {
      PGRAFT_NODES: '0',
      PGRAFT_PREFIX: 'A',
      PGRAFT_PROTECT_DATA: 'yes',
      PGRAFT_DOCKER_PROVIDER: 'x',
    };
    expect(fromEnvironment(environment).map((mistake) => mistake.split(' ')[0])).toEqual([
      'nodes',
      'prefix',
      'protectData',
      'dockerProvider',
    ]);
  });

  it('or give ports that no two servers share, whatever the numbers', () => {
    const port = fc.integer({ min: -5, max: 65600 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), port, port, (nodes, postgresPort, raftPort) => {
        if (mistakes({ context: { nodes, postgresPort, raftPort } }).length > 0) return;
        const ports = Array.from({ length: nodes }, (_, i) => [postgresPort + i, raftPort + i]).flat();
        expect(new Set(ports).size).toBe(2 * nodes);
        expect(Math.min(...ports)).toBeGreaterThanOrEqual(1);
        expect(Math.max(...ports)).toBeLessThanOrEqual(65535);
      }),
    );
  });
});

describe('settings of a project', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pgraft-settings-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('are read from cdktf.json, .env and the environment given', () => {
    writeFileSync(join(root, 'cdktf.json'), '{"context": {"nodes": 5, "prefix": "one"}}');
    writeFileSync(join(root, '.env'), '# made by setup.mjs\nPGRAFT_DOCKER_PROVIDER=embedded\nPGRAFT_NODES=7\n');
    const settings = loadSettings(root, { PGRAFT_NODES: '1' });
    expect(settings).toMatchObject({ nodes: 1, prefix: 'one', dockerProvider: 'embedded' });
  });

  it('are those that the cluster was made with', () => {
    mkdirSync(join(root, '.pgraft', 'pgraft'), { recursive: true });
    const file = join(root, '.pgraft', 'pgraft', 'settings.json');
    writeFileSync(file, '{"nodes":5}');
    expect(loadSettings(root, {}).nodes).toBe(5);
    writeFileSync(file, '{"nodes"');
    expect(() => loadSettings(root, {})).toThrow(`${file}: `);
  });

  it('are the defaults where neither file exists', () => {
    expect(loadSettings(root, {})).toEqual(parseSettings({}));
  });

  it('name the file that is not JSON', () => {
    writeFileSync(join(root, 'cdktf.json'), '{');
    expect(() => loadSettings(root, {})).toThrow(/^cdktf\.json: .*; make it JSON again$/);
  });
});
