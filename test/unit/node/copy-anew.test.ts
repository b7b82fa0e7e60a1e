import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { data, incarnation, ownSystem, RejoiningNode } from './rejoining-node.js';
import { volume } from './node-shell.js';

const raft = `${volume}/pgraft`;
const request = `${volume}/cluster/copy_anew`;

let node: RejoiningNode;
beforeEach(() => {
  node = new RejoiningNode();
  node.write(`${raft}/formation.consumed`, 'once\n');
  node.write(`${raft}/formed`, 'node_id=1\n');
  node.write(`${raft}/raft/metadata1`, 'x');
  node.primary('host2');
  voters(2, 3);
});
afterEach(() => {
  node.dispose();
});

/** What the primary says: how many of so many voters answer, without this server. */
function voters(others: number, all: number): void {
  node.write('voters', `${others} ${all}\n`);
  node.program(
    'psql',
    `if [[ "$*" == *'FROM pgraft_get_nodes()'* ]]; then cat "$PGRAFT_ROOT/voters"
     elif [[ "$*" == *'SELECT role FROM'* ]]; then cat "$PGRAFT_ROOT/role"
     elif [[ "$*" =~ host=\\'([^\\']+)\\' ]]; then cat "$PGRAFT_ROOT/primaries/\${BASH_REMATCH[1]}" 2>/dev/null; fi`,
  );
}

const ask = () => node.call('command_copy_anew', [], { PGRAFT_NODE_ID: '1', PGRAFT_NAME: 'primary' });

describe('pgraft-node copy-anew', () => {
  it("puts a new copy of the primary's data in the place of what is here, under another incarnation", () => {
    expect(ask()).toMatchObject({ status: 0, stderr: '' });
    expect(node.run().status).toBe(0);
    expect(node.started()).toBe('new');
    expect(node.read(`${raft}/incarnation`)).not.toBe(`${incarnation}\n`);
    expect(node.has(`${raft}/raft`)).toBe(false);
    expect(node.has(request)).toBe(false);
    expect(node.state()).toMatchObject({ lost: 'yes', incarnation: 'match' });
  });

  it('leaves what is here as it is while there is no primary', () => {
    ask();
    node.noPrimary();
    node.run({ until: 'a new copy of its data was asked for: waits for a confirmed primary' });
    expect(node.started()).toBeUndefined();
    expect(node.read(`${data}/rows`)).toBe('old\n');
    expect(node.read(`${raft}/incarnation`)).toBe(`${incarnation}\n`);
  });

  const running = 'var/run/postgresql/pgraft-node.phase';
  it.each<[string, () => void, RegExp]>([
    [
      'there is no primary',
      () => {
        node.noPrimary();
      },
      /no confirmed primary answers/,
    ],
    [
      'the others are no majority',
      () => {
        voters(1, 3);
      },
      /1 of 3 voters answer, which is no majority/,
    ],
    [
      'there are two servers',
      () => {
        voters(1, 2);
      },
      /1 of 2 voters answer, which is no majority/,
    ],
    [
      'this is the primary',
      () => {
        node.write(running, 'running\n');
        node.write('role', 'primary\n');
      },
      /is the primary; let another one/,
    ],
    [
      'a secret is gone',
      () => {
        node.remove(`${volume}/cluster/replication.password`);
      },
      /run npm start/,
    ],
    [
      'the data is of another cluster',
      () => {
        node.write(`${data}/system`, '42');
      },
      /of another cluster \(system identifier 42\)/,
    ],
    [
      'there is no data',
      () => {
        node.remove(data);
      },
      /is copied by itself/,
    ],
  ])('is refused where %s', (_, given, why) => {
    given();
    const { status, stderr } = ask();
    expect(status).toBe(1);
    expect(stderr).toMatch(why);
    expect(node.has(request)).toBe(false);
  });
});

describe("a server's own data that is damaged", () => {
  const remedy = 'docker exec pgraft-primary pgraft-node copy-anew gets a new copy from the primary';
  const control = (more: string) =>
    `echo "Database system identifier:           ${ownSystem}"
     echo "Bytes per WAL segment:                16777216"
     ${more}`;
  const commits = (bytes: number) => {
    node.program('pg_controldata', control(`echo "Latest checkpoint's NextXID:          0:40000"`));
    node.write(`${data}/pg_xact/0000`, 'x'.repeat(bytes));
  };
  it.each<[string, () => void, string]>([
    [
      'PG_VERSION is gone',
      () => {
        node.remove(`${data}/PG_VERSION`);
      },
      'PG_VERSION does not say 17',
    ],
    [
      'PG_VERSION says something else',
      () => {
        node.write(`${data}/PG_VERSION`, '07\n');
      },
      'if it is PG_VERSION that is damaged',
    ],
    [
      'pg_control cannot be read',
      () => {
        node.program('pg_controldata', `echo 'pg_controldata: error: could not read file' >&2; exit 1`);
      },
      'could not read file',
    ],
    [
      'pg_control has a wrong checksum',
      () => {
        node.program(
          'pg_controldata',
          control(
            `echo 'pg_controldata: warning: calculated CRC checksum does not match value stored in control file' >&2`,
          ),
        );
      },
      'pg_control has a wrong checksum',
    ],
    [
      'the newest file of pg_xact is too short',
      () => {
        commits(8_192);
      },
      'pg_xact/0000 is cut off or missing',
    ],
  ])('is not started, and not touched, and the way out is named: %s', (_, given, says) => {
    given();
    const message = node.run({ until: 'copy-anew' }).stdout;
    expect(message).toContain(says);
    expect(message).toContain(remedy);
    expect(node.started()).toBeUndefined();
    expect(node.read(`${data}/rows`)).toBe('old\n');
    node.write(request, 'asked for\n');
    node.program('pg_controldata', control(''));
    expect(node.run().status).toBe(0);
    expect(node.started()).toBe('new');
  });

  it('is not taken for damaged where pg_xact is as it should be', () => {
    commits(16_384);
    expect(node.run().status).toBe(0);
    expect(node.started()).toBe('old');
  });
});
