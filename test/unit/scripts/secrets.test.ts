import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  configureLines,
  generateSecrets,
  readSecrets,
  recoverSecrets,
  removeSecrets,
  secretsPath,
  writeSecrets,
} from '../../../scripts/kit/secrets.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pgraft-secrets-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('generateSecrets', () => {
  it('makes 32 random bytes of each, never the same twice', () => {
    const one = generateSecrets();
    const other = generateSecrets();
    const values = [one, other].flatMap((secrets) => [
      secrets.superuser_password,
      secrets.replication_password,
      secrets.application_password,
      secrets.formation_token,
    ]);
    for (const value of values) expect(Buffer.from(value, 'base64url')).toHaveLength(32);
    expect(one.raft_key).toMatch(/^[0-9a-f]{64}$/);
    expect(new Set([...values, one.raft_key, other.raft_key]).size).toBe(10);
    expect(one.formed).toBe(false);
  });
});

describe('the secrets file', () => {
  it('comes back as it was written, for its owner alone, with nothing left beside it', () => {
    const path = join(directory, 'cluster', 'secrets.json');
    const secrets = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
    writeSecrets(path, secrets);
    writeSecrets(path, secrets);
    expect(readSecrets(path)).toEqual(secrets);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(directory, 'cluster')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(directory, 'cluster'))).toEqual(['secrets.json']);
  });

  it('of a process that was killed while it wrote goes with the next one, and when the cluster goes', () => {
    const path = secretsPath('pgraft', directory);
    const killed = spawnSync('true').pid;
    const aside = (pid: number) => `${path}.${pid}.new`;
    const left = () => readdirSync(directory).sort();
    for (const write of [
      () => {
        writeSecrets(path, generateSecrets());
      },
      () => {
        removeSecrets(path);
      },
    ]) {
      writeFileSync(aside(killed), 'a secret');
      writeFileSync(aside(process.ppid), 'of one that lives');
      write();
      expect(left()).not.toContain(basename(aside(killed)));
      expect(left()).toContain(basename(aside(process.ppid)));
    }
    expect(left()).toEqual([basename(aside(process.ppid))]);
  });

  it('is undefined where there is none', () => {
    expect(readSecrets(secretsPath('pgraft', directory))).toBeUndefined();
  });

  it.each([
    ['text that is no JSON', (text: string) => text.slice(0, 40), 'not readable JSON'],
    ['a missing field', (text: string) => text.replace('raft_key', 'raft'), 'missing or malformed'],
  ])('refuses %s without quoting it', (_, damage, cause) => {
    const path = secretsPath('pgraft', directory);
    const secrets = generateSecrets();
    writeFileSync(path, damage(JSON.stringify(secrets)));
    expect(() => readSecrets(path)).toThrow(cause);
    try {
      readSecrets(path);
    } catch (error) {
      expect(String(error)).not.toContain(secrets.superuser_password.slice(0, 8));
    }
  });
});

describe('recoverSecrets', () => {
  it('takes every secret from a server and keeps what is known of the cluster', async () => {
    const secrets = generateSecrets();
    const answers: Record<string, string> = {
      superuser: secrets.superuser_password,
      replication: secrets.replication_password,
      application: secrets.application_password,
      raft: secrets.raft_key,
    };
    const ask = (name: string) => Promise.resolve(`${answers[name] ?? ''}\n`);
    const recovered = await recoverSecrets(ask, { formed: true, members: [] });
    expect(recovered).toEqual({ ...secrets, formation_token: recovered.formation_token, formed: true, members: [] });
  });

  it('takes two keys from a server whose key is being changed: the one in use, and one that is about to go', async () => {
    const ask = (name: string) =>
      Promise.resolve(name === 'raft' ? `${'a'.repeat(64)}\n${'b'.repeat(64)}\n` : 'secret\n');
    const recovered = await recoverSecrets(ask, { formed: true, members: [] });
    expect(recovered).toMatchObject({ raft_key: 'a'.repeat(64), former_raft_key: 'b'.repeat(64) });
    expect(recovered.next_raft_key).toBeUndefined();
  });

  it('says so when the server gives none', async () => {
    await expect(recoverSecrets(() => Promise.resolve('\n'), { formed: true, members: [] })).rejects.toThrow(
      'it gave an empty or malformed one',
    );
    const refuse = () => Promise.reject(new Error('this node has no raft secret yet'));
    await expect(recoverSecrets(refuse, { formed: true, members: [] })).rejects.toThrow('no raft secret yet');
  });
});

describe('configureLines', () => {
  const secrets = generateSecrets();
  const initialCluster = 'primary=pgraft-primary:7001';

  it('has one key=value line for each thing a node is told', () => {
    expect(configureLines(secrets, { initialCluster, form: true }).split('\n')).toEqual([
      'initial_cluster=primary=pgraft-primary:7001',
      `raft_key=${secrets.raft_key}`,
      `superuser_password=${secrets.superuser_password}`,
      `replication_password=${secrets.replication_password}`,
      `application_password=${secrets.application_password}`,
      `formation_token=${secrets.formation_token}`,
      '',
    ]);
  });

  it('gives the token only to a server that shall form the group', () => {
    expect(configureLines(secrets, { initialCluster, form: false })).not.toContain('formation_token');
  });
});
