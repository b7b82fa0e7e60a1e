/** Every example of docs/sql.md, in its order, on three servers: the output is the one that is printed there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { ServerGroup, type Server } from './server-group.js';

const settled = 60_000;
const manual = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'sql.md'), 'utf8');
const pair = /```sql\n(.*?)```\n\n```text\n(.*?)```/gs;
const examples = [...manual.matchAll(pair)].map(([, sql = '', output = '']) => ({ sql, output }));

/** Numbers, and widths that come from names and numbers, differ from run to run. */
const shape = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\d+/g, '0').replace(/ +/g, ' ').replace(/-+/g, '-'));

describe('docs/sql.md', () => {
  let group: ServerGroup;

  beforeAll(async () => {
    group = await ServerGroup.create(['primary', 'replica1', 'replica2']);
    await group.form();
  });
  beforeEach(() => {
    group.showLogsOnFailure();
  });
  afterAll(() => {
    group.remove();
  });

  const here = (text: string) =>
    group.servers.reduce((seen, { name, hostname }) => seen.replaceAll(`'pgraft-${name}'`, `'${hostname}'`), text);
  const there = (text: string) =>
    group.servers.reduce((seen, { name, hostname }) => seen.replaceAll(hostname, `pgraft-${name}`), text);

  /** The server that accepts commits, once all others that it knows stream from it. */
  async function primary(): Promise<Server> {
    const look = async () => {
      const shown = await Promise.all(group.servers.map((server) => server.status().catch(() => undefined)));
      const index = shown.findIndex((status) => status?.writable === true);
      const standbys = shown.filter((status) => status?.role === 'standby').length;
      return standbys + 1 === shown[index]?.num_nodes ? group.servers[index] : undefined;
    };
    return (await eventually('a primary with its standbys', look, (one) => one !== undefined, settled)) as Server;
  }

  it('has an example for each function', () => {
    const declared = readFileSync(join(import.meta.dirname, '../../../image/pgraft/pgraft--1.0.sql'), 'utf8');
    const names = [...declared.matchAll(/^CREATE FUNCTION (\w+)/gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    const shown = examples.map(({ sql }) => sql).join('\n');
    expect(names.filter((name) => !shown.includes(`${name}(`))).toEqual([]);
  });

  it.each(examples)('$sql', async ({ sql, output }) => {
    const server = await primary();
    const printed = there(server.exec(['psql', '-X', '-U', 'postgres', '-c', here(sql)]));
    console.info(printed);
    expect(shape(printed)).toEqual(shape(output));
  });
});
