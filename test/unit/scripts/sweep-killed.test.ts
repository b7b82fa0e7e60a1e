import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { statePath } from '../../../constructs/state-path.js';
import type { DeployRecord } from '../../../scripts/kit/deploy-record.js';
import { clusterDirectory, projectDirectory } from '../../../scripts/kit/places.js';
import type { Shell } from '../../../scripts/kit/shell.js';
import { letGo, sweepBeforeTeardown, sweepKilledDeploy } from '../../../scripts/steps/sweep-killed.js';
import { FakeGroup } from './fake-group.js';

/** No cluster is called that, so its directory holds nothing but the state that these tests make. */
const prefix = 'unit-test-sweep-killed';
const settings = { prefix, dockerProvider: 'embedded' } as const;

/** A docker with containers `known` (Terraform knows it) and `made` (it does not), and the cluster's network. */
function fakeShell(): { shell: Shell; removed: string[] } {
  const removed: string[] = [];
  const run = (parts: TemplateStringsArray, ...values: (string | readonly string[])[]) => {
    const line = parts.map((part, index) => part + [values[index] ?? ''].flat().join(' ')).join('');
    if (line.includes(' rm ')) removed.push(line);
    return Promise.resolve({ exitCode: 0, signal: null, stderr: '', duration: 1, stdout: answer(line) });
  };
  return { shell: (() => run) as unknown as Shell, removed };
}

function answer(line: string): string {
  const row = (...names: string[]) => names.map((name) => `${name}\t${name}-id\t${prefix}\n`).join('');
  if (line.startsWith('docker ps')) return row('known', 'made');
  return line.startsWith('docker network ls') ? row('network') : '';
}

function fakeRecord(begun: readonly string[] | undefined): DeployRecord & { written: readonly string[] | undefined } {
  return {
    written: begun,
    read() {
      return this.written;
    },
    write(strangers) {
      this.written = strangers;
    },
    forget() {
      this.written = undefined;
    },
  };
}

/** Terraform's state, which knows these. */
function deployed(...ids: string[]): void {
  const path = statePath(projectDirectory, prefix, 'cluster');
  mkdirSync(dirname(path), { recursive: true });
  const resources = ids.map((id) => ({ type: 'docker_container', instances: [{ attributes: { id } }] }));
  writeFileSync(path, JSON.stringify({ resources }));
}

describe('what a killed deploy of a running cluster left', () => {
  let spared: string[];
  const spare = async (name: string) => Promise.resolve(void spared.push(name));
  beforeEach(() => {
    spared = [];
    deployed('known-id', 'network-id');
  });
  afterEach(() => {
    rmSync(clusterDirectory(prefix), { recursive: true });
  });

  it('is stopped when it can be spared, and removed; what Terraform knows stays', async () => {
    const { shell, removed } = fakeShell();
    const record = fakeRecord([]);
    expect(await sweepKilledDeploy(settings, shell, { record, spare })).toEqual(['made']);
    expect(spared).toEqual(['made']);
    expect(removed).toEqual(['docker container rm made-id']);
    expect(record.written).toEqual([]);
  });

  it.each([
    ['was there when that deploy began', ['made-id']],
    ['may be anybody’s, since no deploy of this checkout ever began', undefined],
  ])('stays when it %s, and is noted', async (_, begun) => {
    const { shell, removed } = fakeShell();
    const record = fakeRecord(begun);
    expect(await sweepKilledDeploy(settings, shell, { record, spare })).toEqual([]);
    expect(removed).toEqual([]);
    expect(record.written).toEqual(['made-id']);
  });

  it('stays when the network is another checkout’s: so is the cluster', async () => {
    deployed('known-id');
    const { shell, removed } = fakeShell();
    await sweepKilledDeploy(settings, shell, { record: fakeRecord([]), spare });
    expect(removed).toEqual([]);
  });

  it('is not looked for with a state that is another cluster’s', async () => {
    const resources = [{ type: 'docker_volume', instances: [{ attributes: { id: 'x', name: 'shop-primary-data' } }] }];
    writeFileSync(statePath(projectDirectory, prefix, 'cluster'), JSON.stringify({ resources }));
    const { shell, removed } = fakeShell();
    await expect(sweepKilledDeploy(settings, shell, { record: fakeRecord([]), spare })).rejects.toThrow(
      /is not the state of cluster unit-test-sweep-killed: it has docker_volume shop-primary-data\. A deploy would remove that/,
    );
    expect(removed).toEqual([]);
  });

  it('goes at once when the whole cluster is torn down, and nothing is remembered', async () => {
    const { shell, removed } = fakeShell();
    const record = fakeRecord([]);
    await sweepBeforeTeardown(prefix, shell, record);
    expect(removed).toEqual(['docker container rm --force made-id']);
    expect(record.written).toBeUndefined();
  });
});

describe('letGo', () => {
  const stopping = (group: FakeGroup) => {
    const { live } = group;
    const stopped: string[] = [];
    const stop = async (names: readonly string[]) => Promise.resolve(void stopped.push(...names));
    return { stopped, live: { ...live, docker: { ...live.docker, stop } } };
  };

  it('stops a member that the others can spare, and a newcomer whatever they do', async () => {
    const group = new FakeGroup(3, 1);
    const { live, stopped } = stopping(group);
    await letGo('pgraft-replica1', live);
    group.server(2).up = false;
    await letGo('pgraft-replica3', live);
    expect(stopped).toEqual(['pgraft-replica1', 'pgraft-replica3']);
  });

  it('leaves a member running that is needed, and says by whom', async () => {
    const group = new FakeGroup(3);
    group.server(3).up = false;
    const { live, stopped } = stopping(group);
    await expect(letGo('pgraft-replica1', live)).rejects.toThrow(
      /last seen: .*pgraft-replica2: the container is exited.*pgraft-replica1 was made by a deploy that was killed/,
    );
    expect(stopped).toEqual([]);
  });
});
