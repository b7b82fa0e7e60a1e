/** What clients are given to connect with, as libpq uses it, while the primary of a healthy cluster of three changes. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { ClusterProject } from '../support/cluster-project.js';
import { happensWithin } from '../support/eventually.js';
import { ensureImage } from '../support/image.js';
import { docker, run, type Ended } from '../support/shell.js';

const whoAnswers = 'select name, pg_is_in_recovery() from pgraft_get_cluster_status()';

export const connectionUrls = (opened: () => ClusterProject) => {
  describe('its connection URLs:', () => {
    let project: ClusterProject;
    let image: string;
    let readWrite: string;
    let readOnly: string;

    /** Ids of the rows whose writing was acknowledged. */
    const acknowledged: string[] = [];

    /** libpq's own psql, outside of the cluster, as the role of the URL. */
    const psql = async (url: string, sql: string): Promise<Ended> => {
      const command = ['psql', url, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', sql];
      return run('docker', ['run', '--rm', '--network', 'host', '--entrypoint', '', image, ...command]);
    };
    const ask = async (url: string, sql: string) => {
      const { status, stdout } = await psql(url, sql);
      return status === 0 ? stdout.trim() : undefined;
    };
    /** Name and whether it is in recovery. */
    const reached = async (url: string) => {
      const [name = '', recovery] = (await ask(url, whoAnswers))?.split('|') ?? [];
      return name === '' ? undefined : { name, recovery: recovery === 't' };
    };
    /** Another server than `old` takes writes through the read-write URL. */
    const movesOnFrom = async (old: string, milliseconds: number) => {
      const moved = async () => {
        const server = await reached(readWrite);
        if (server === undefined || server.recovery || server.name === old) return undefined;
        const id = await ask(readWrite, 'insert into visits values (default) returning id');
        if (id === undefined) return undefined;
        acknowledged.push(id);
        return server.name;
      };
      const { value, took } = await happensWithin(`writes beyond ${old}`, milliseconds, moved);
      console.info(`writes through the URL, from ${old} to ${value}: ${took} ms`);
      return value;
    };
    const healthy = async () =>
      happensWithin('the cluster is healthy', 60_000, async () => (await project.npm('status')).status === 0);
    const primary = async () => {
      const server = await reached(readWrite);
      if (server === undefined) throw new Error('the read-write URL reaches nobody');
      return server.name;
    };

    beforeAll(async () => {
      project = opened();
      image = ensureImage();
      readWrite = (await project.npm('url')).stdout.trim();
      readOnly = (await project.npm('url', '--read-only')).stdout.trim();
      await healthy();
    });

    it('the application role has its own database, to write and to read', async () => {
      expect(await ask(readWrite, 'select current_user, current_database()')).toBe('app|app');
      expect((await psql(readWrite, 'create table visits (id bigserial)')).output).toBe('');
      expect(await reached(readWrite)).toEqual({ name: await project.primary(), recovery: false });
      expect(await reached(readOnly)).toMatchObject({ recovery: true });
    });

    it('after docker kill of the primary the first leads to the new one, the second to a standby', async () => {
      const killed = await primary();
      await docker('kill', project.container(killed));
      const successor = await movesOnFrom(killed, 10_000);
      const rest = ['primary', 'replica1', 'replica2'].find((name) => name !== successor && name !== killed);
      expect(await reached(readOnly)).toEqual({ name: rest, recovery: true });
      expect((await project.npm('status')).stdout).toMatch(/^Failover safe now: no: without \S+ 1 of 3 voters /m);
      await docker('start', project.container(killed));
      await healthy();
      expect((await project.npm('status')).stdout).toMatch(/^Failover safe now: yes$/m);
    });

    it('after docker pause of the primary they do not wait for the silent host', async () => {
      const paused = await primary();
      await docker('pause', project.container(paused));
      try {
        await movesOnFrom(paused, 15_000);
      } finally {
        await docker('unpause', project.container(paused));
      }
      await healthy();
    });

    it('after two more deaths, each of whoever is the primary, they lead on, and every acknowledged row is there', async () => {
      for (let turn = 0; turn < 2; turn += 1) {
        const old = await primary();
        await docker('kill', project.container(old));
        await movesOnFrom(old, 10_000);
        await docker('start', project.container(old));
        await healthy();
      }
      const present = (await ask(readOnly, 'select id from visits'))?.split('\n');
      expect(acknowledged).toHaveLength(4);
      expect(present).toEqual(expect.arrayContaining(acknowledged));
    });
  });
};
