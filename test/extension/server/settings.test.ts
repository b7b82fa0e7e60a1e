import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchForFinding } from '../../support/findings.js';
import { docker } from '../../support/node-container.js';
import { ensureSanitizedImage } from '../sanitized/image.js';

const image = ensureSanitizedImage();
const container = `pgext-${process.pid}-settings`;

/** A server's settings as pgraft-node writes them; each test spoils one or two. */
const good = {
  name: 'primary',
  node_id: '1',
  listen_address: '0.0.0.0:7001',
  advertise_address: 'a.example:7001',
  initial_cluster: 'primary=a.example:7001,replica1=b.example:7002,replica2=c.example:7003',
};
type Settings = Partial<Record<keyof typeof good | 'data_dir' | 'election_timeout' | 'heartbeat_interval', string>>;

beforeAll(() => {
  docker(['run', '--detach', '--name', container, '--entrypoint', 'sleep', image, 'infinity']);
  docker(['exec', container, 'initdb', '--no-sync', '-D', '/tmp/data']);
});
afterAll(() => {
  spawnSync('docker', ['rm', '--force', '--volumes', container]);
});

/** Write the settings and run `postgres` with more arguments in the container's data directory. */
function postgres(settings: Settings, args: string) {
  const lines = Object.entries({ ...good, ...settings }).map(([name, value]) => `pgraft.${name} = '${value}'\n`);
  const conf = "shared_preload_libraries = 'pgraft'\n" + lines.join('');
  const script = `cat > /tmp/data/postgresql.conf; exec postgres -D /tmp/data ${args}`;
  const { status, stdout, stderr } = spawnSync('docker', ['exec', '--interactive', container, 'sh', '-c', script], {
    input: conf,
    encoding: 'utf8',
    timeout: 30_000,
  });
  searchForFinding(container, stdout + stderr);
  return { status, stdout, stderr };
}

/** As every start it loads the extension, then prints this value instead of serving (and logs no warnings on the way). */
const load = (settings: Settings) => postgres(settings, '-C shared_memory_size_in_huge_pages');

/** Start; a server that gets past the settings ends too, for want of a directory for its socket. */
const start = (settings: Settings) => postgres(settings, '-c listen_addresses= -c unix_socket_directories=/nowhere');

const nodes = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => `${i === 0 ? 'primary' : `replica${i}`}=${i === 0 ? 'a' : `h${i}`}.example:${7001 + i}`,
  ).join(',');

describe('a server starts with', () => {
  it.each<[string, Settings]>([
    ['the settings that pgraft-node writes', {}],
    ['nine members', { initial_cluster: nodes(9) }],
    ['no initial cluster', { initial_cluster: '' }],
    ['the shortest times', { election_timeout: '100ms', heartbeat_interval: '20ms' }],
    ['other times', { election_timeout: '400ms', heartbeat_interval: '100ms' }],
  ])('%s', (_, settings) => {
    expect(load(settings)).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\n$/) as string });
  });
});

describe('a server does not start, and says which setting, which value and why, with', () => {
  it.each<[string, Settings, RegExp[]]>([
    ['a name with a space', { name: 'the primary' }, [/"pgraft\.name": "the primary"/, /A name has 1 to 63 letters/]],
    ['no name', { name: '' }, [/pgraft\.name is not set/]],
    ['node_id 10', { node_id: '10' }, [/10 is outside the valid range for parameter "pgraft\.node_id" \(0 \.\. 9\)/]],
    ['node_id that is no number', { node_id: 'one' }, [/"pgraft\.node_id": "one"/]],
    ['node_id of another position', { node_id: '2' }, [/pgraft\.node_id is 2, but "primary" is number 1/]],
    [
      'listen_address without a port',
      { listen_address: '0.0.0.0' },
      [/"pgraft\.listen_address": "0\.0\.0\.0"/, /has no port/],
    ],
    [
      'listen_address with port 0',
      { listen_address: '0.0.0.0:0' },
      [/"pgraft\.listen_address": "0\.0\.0\.0:0"/, /1 to 65535/],
    ],
    ['listen_address with port 65536', { listen_address: '0.0.0.0:65536' }, [/0\.0\.0\.0:65536/, /1 to 65535/]],
    ['listen_address with letters', { listen_address: '0.0.0.0:http' }, [/0\.0\.0\.0:http/, /1 to 65535/]],
    [
      'listen_address that is a name',
      { listen_address: 'a.example:7001' },
      [/"pgraft\.listen_address": "a\.example:7001"/, /IPv4/],
    ],
    [
      'two members of one name',
      { initial_cluster: 'primary=a.example:7001,primary=b.example:7002' },
      [/pgraft\.initial_cluster/, /name "primary" is there twice/],
    ],
    [
      'two members of one address',
      { initial_cluster: 'primary=a.example:7001,replica1=A.example:7001' },
      [/pgraft\.initial_cluster/, /address "A\.example:7001" is there twice/],
    ],
    [
      'a member with a bad port',
      { initial_cluster: 'primary=a.example:7001,replica1=b.example:70002' },
      [/pgraft\.initial_cluster/, /b\.example:70002.*1 to 65535/],
    ],
    [
      'a member without an address',
      { initial_cluster: 'primary=a.example:7001,replica1' },
      [/pgraft\.initial_cluster/, /"replica1" has no "="/],
    ],
    ['ten members', { initial_cluster: nodes(10) }, [/pgraft\.initial_cluster/, /one too many: at most 9/]],
    [
      'members without this server',
      { initial_cluster: 'other=a.example:7001' },
      [/pgraft\.initial_cluster does not name this server, "primary"/],
    ],
    [
      'another advertise_address than in initial_cluster',
      { advertise_address: 'z.example:7001' },
      [/pgraft\.advertise_address is "z\.example:7001"/, /initial_cluster has "a\.example:7001"/],
    ],
    [
      'advertise_address without a port',
      { advertise_address: 'a.example' },
      [/"pgraft\.advertise_address": "a\.example"/, /has no port/],
    ],
    ['election_timeout abc', { election_timeout: 'abc' }, [/"pgraft\.election_timeout": "abc"/]],
    [
      'election_timeout 5',
      { election_timeout: '5' },
      [/5 ms is outside the valid range for parameter "pgraft\.election_timeout"/],
    ],
    [
      'heartbeat_interval 55',
      { heartbeat_interval: '55' },
      [/pgraft\.heartbeat_interval is 55 ms, which is not a multiple of 10 ms/, /Set it to 60 ms/],
    ],
    [
      'the election timeout and heartbeat that libraft would change by itself',
      { election_timeout: '150', heartbeat_interval: '15' },
      [/pgraft\.heartbeat_interval is 15 ms, which is not a multiple of 10 ms/, /Set it to 20 ms/],
    ],
    [
      'heartbeat_interval 0',
      { heartbeat_interval: '0' },
      [/0 ms is outside the valid range for parameter "pgraft\.heartbeat_interval" \(10 ms \.\. 10000 ms\)/],
    ],
    [
      'heartbeat_interval 20s',
      { heartbeat_interval: '20s', election_timeout: '60s' },
      [/20000 ms is outside the valid range for parameter "pgraft\.heartbeat_interval"/],
    ],
    [
      'election_timeout 2min',
      { election_timeout: '2min' },
      [/120000 ms is outside the valid range for parameter "pgraft\.election_timeout" \(100 ms \.\. 60000 ms\)/],
    ],
    [
      'an election timeout too short for the heartbeat that was not changed',
      { election_timeout: '190' },
      [
        /pgraft\.election_timeout \(190 ms\) is less than four times pgraft\.heartbeat_interval \(50 ms\)/,
        /lease of the leader run out/,
        /pgraft\.election_timeout to 200 ms or more, or pgraft\.heartbeat_interval to 40 ms or less/,
      ],
    ],
    [
      'a heartbeat too slow for the election timeout',
      { heartbeat_interval: '260', election_timeout: '1000' },
      [
        /pgraft\.election_timeout \(1000 ms\) is less than four times pgraft\.heartbeat_interval \(260 ms\)/,
        /to 1040 ms or more/,
      ],
    ],
    ['a relative data_dir', { data_dir: 'pgraft' }, [/"pgraft\.data_dir": "pgraft"/, /absolute path/]],
  ])('%s', (_, settings, complaints) => {
    const { status, stdout, stderr } = start(settings);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/FATAL: {2}/);
    expect(stderr).not.toContain('/nowhere');
    for (const complaint of complaints) expect(stderr).toMatch(complaint);
  });
});
