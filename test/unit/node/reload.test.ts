import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeShell, secrets, volume } from './node-shell.js';

let node: NodeShell;
beforeEach(() => {
  node = new NodeShell();
});
afterEach(() => {
  node.dispose();
});

const kept = `${volume}/cluster/settings.conf`;
const settings = "log_line_prefix = '%m é'\nwork_mem = '8MB'\n";
const apply = (input: string) => node.command(['settings'], input);

/** A server that runs; psql says `problem` of the settings, notes every statement, and ends the one to reload with `reloaded`. */
function running(problem = '', status = 0, reloaded = 0): void {
  node.write('var/run/postgresql/pgraft-node.phase', 'running\n');
  const body = [
    'statement="$(cat)"',
    'printf "%s\\n" "$statement" >>"$PGRAFT_ROOT/statements"',
    `if [[ "$statement" == *pg_file_settings* ]]; then printf '%s' "${problem}"; exit ${status}; fi`,
    `exit ${reloaded}`,
  ];
  node.program('psql', body.join('\n'));
}
const reloads = () => (node.has('statements') ? node.read('statements').split('pg_reload_conf').length - 1 : 0);

describe('pgraft-node settings', () => {
  it('keeps them for the first start of a server that does not run', () => {
    expect(apply(settings)).toMatchObject({ status: 0, stderr: '' });
    expect(node.read(kept)).toBe(settings);
  });

  it('reloads a server that runs, once', () => {
    running();
    expect(apply(settings)).toMatchObject({ status: 0, stderr: '' });
    expect(reloads()).toBe(1);
    const before = node.inode(kept);
    expect(apply(settings).status).toBe(0);
    expect(reloads()).toBe(1);
    expect(node.inode(kept)).toBe(before);
  });

  it('without any takes them away', () => {
    running();
    apply(settings);
    expect(apply('')).toMatchObject({ status: 0, stderr: '' });
    expect(node.read(kept)).toBe('');
    expect(reloads()).toBe(2);
  });

  it('without any where there were none does nothing', () => {
    running();
    expect(apply('').status).toBe(0);
    expect(reloads()).toBe(0);
  });

  it('puts back what was there when PostgreSQL refuses one, with its words, and does not reload', () => {
    apply(settings);
    running("work_mem = 'much': setting could not be applied");
    const refused = apply("work_mem = 'much'\n");
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain(
      "pgraft-node: work_mem = 'much': setting could not be applied; nothing was changed",
    );
    expect(node.read(kept)).toBe(settings);
    expect(reloads()).toBe(0);
  });

  it('puts back what was there when PostgreSQL cannot be asked', () => {
    running('the database system is starting up', 2);
    const refused = apply(settings);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('the database system is starting up; nothing was changed: deploy again');
    expect(node.read(kept)).toBe('');
  });

  it('puts back what was there when PostgreSQL does not reload, and is not taken for done', () => {
    running('', 0, 2);
    expect(apply(settings).stderr).toContain('could not be told to reload; nothing was changed: deploy again');
    expect(node.read(kept)).toBe('');
    running();
    expect(apply(settings)).toMatchObject({ status: 0, stderr: '' });
    expect(node.read(kept)).toBe(settings);
  });

  describe('where those that were handed over are damaged', () => {
    beforeEach(() => {
      node.configure();
      apply(settings);
      node.write(kept, 'nonsense\n');
      node.call('set_damaged_aside');
      node.call('have_settings');
      expect(node.state()).toMatchObject({ configured: 'no' });
    });

    it.each([settings, ''])('takes %j in their place', (input) => {
      running();
      expect(apply(input)).toMatchObject({ status: 0, stderr: '' });
      expect(reloads()).toBe(1);
      expect(node.read(kept)).toBe(input);
      expect(node.state()).toMatchObject({ configured: 'yes' });
    });

    it.each<[string, string, Parameters<typeof running>]>([
      ['refuses one', settings, ['work_mem = 8MB: no', 0, 0]],
      ['cannot be asked', settings, ['starting up', 2, 0]],
      ['cannot be asked', '', ['starting up', 2, 0]],
      ['does not reload', '', ['', 0, 2]],
    ])('asks for them again when PostgreSQL %s (%j)', (_, input, said) => {
      running(...said);
      expect(apply(input)).toMatchObject({ status: 1 });
      expect(node.read(kept)).toBe('');
      expect(node.state()).toMatchObject({ configured: 'no' });
      running();
      expect(apply(input)).toMatchObject({ status: 0, stderr: '' });
      expect(node.state()).toMatchObject({ configured: 'yes' });
    });

    it.each([
      ['raft-key', `${secrets.raft_key}\n`],
      ['forget', ''],
    ])('%s is taken: it needs the secrets alone', (command, input) => {
      expect(node.command([command], input)).toMatchObject({ status: 0, stderr: '' });
    });
  });

  it.each(['fsync off', "include 'x'", "work_mem = '8MB'\tx", "Work_Mem = '8MB'", 'work_mem = 8MB'])(
    'refuses %j, and changes nothing',
    (line) => {
      apply(settings);
      const { status, stderr } = apply(`${line}\n`);
      expect(status).toBe(1);
      expect(stderr).toContain('is no setting; give lines such as');
      expect(node.read(kept)).toBe(settings);
    },
  );

  it('are included by postgresql.conf after those of the container', () => {
    const { stdout } = node.call('postgresql_conf', [], {
      PGRAFT_NODE_ID: '2',
      PGRAFT_NAME: 'replica1',
      PGRAFT_LISTEN_ADDRESS: '0.0.0.0:7002',
      PGRAFT_ADVERTISE_ADDRESS: 'pgraft-replica1:7002',
      PGRAFT_POSTGRES_SETTINGS: "shared_buffers = '64MB'",
    });
    expect(stdout).toContain("shared_buffers = '64MB'");
    const included = stdout.indexOf(`include_if_exists = '${node.root}/${kept}'`);
    expect(included).toBeGreaterThan(stdout.indexOf('shared_buffers'));
    expect(included).toBeLessThan(stdout.indexOf('role.conf'));
  });
});
