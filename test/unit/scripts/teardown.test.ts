import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ancestorTerraform,
  describeProcess,
  isDestroy,
  readPsLine,
  type ProcessFacts,
} from '../../../scripts/kit/processes.js';
import { isTearingDown, notePath, writeTeardownNote } from '../../../scripts/kit/teardown-note.js';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { NodeView } from '../../../scripts/live/view.js';
import { isMember, leaving, rolling } from '../../../scripts/steps/departure.js';
import { healthyView, state, withNode } from './fakes.js';

const terraform = (command: string[], changes: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid: 50,
  parent: 40,
  started: '12345',
  command,
  ...changes,
});
const destroy = terraform(['/usr/bin/terraform', 'destroy', '-auto-approve']);

describe('isDestroy', () => {
  it.each([
    ['terraform destroy -auto-approve', true],
    ['terraform -chdir=somewhere destroy', true],
    ['terraform apply -destroy -auto-approve', true],
    ['terraform apply -auto-approve', false],
    ['terraform apply plan-to-destroy', false],
    ['terraform plan -destroy', false],
    ['terraform', false],
  ])('%s: %s', (line, expected) => {
    expect(isDestroy(line.split(' '))).toBe(expected);
  });
});

describe('ancestorTerraform', () => {
  const processes = new Map([
    [70, { pid: 70, parent: 60, started: '3', command: ['node', 'scripts/hooks/leave.ts'] }],
    [60, { pid: 60, parent: 50, started: '2', command: ['/bin/sh', '-c', 'node scripts/hooks/leave.ts'] }],
    [50, destroy],
    [40, { pid: 40, parent: 1, started: '0', command: ['node', 'cdktf', 'destroy', '*'] }],
  ]);
  const describeFake = (pid: number) => processes.get(pid);

  it('is the nearest terraform above', () => {
    expect(ancestorTerraform(describeFake, { from: 70 })).toBe(destroy);
  });

  it('is nothing when a hook is started by hand', () => {
    expect(ancestorTerraform(describeFake, { from: 40 })).toBeUndefined();
  });

  it('may have the name that the user chose', () => {
    const other = new Map([...processes, [50, { ...destroy, command: ['/opt/tf-1.11', 'destroy'] }] as const]);
    const find = (binary?: string) =>
      ancestorTerraform((pid) => other.get(pid), { from: 70, ...(binary && { binary }) });
    expect(find()).toBeUndefined();
    expect(find('/opt/tf-1.11')?.pid).toBe(50);
  });

  it('reads the processes of this machine', () => {
    const self = describeProcess(process.pid);
    expect(self?.parent).toBe(process.ppid);
    expect(self?.started).not.toBe('');
    expect(self?.command.length).toBeGreaterThan(0);
    expect(describeProcess(2 ** 30)).toBeUndefined();
  });

  it('reads what ps prints on macOS', () => {
    const line = '  501 Thu Jan  2 03:04:05 2026 /usr/local/bin/terraform destroy -auto-approve\n';
    expect(readPsLine(600, line)).toEqual({
      pid: 600,
      parent: 501,
      started: 'Thu Jan 2 03:04:05 2026',
      command: ['/usr/local/bin/terraform', 'destroy', '-auto-approve'],
    });
    expect(readPsLine(600, '')).toBeUndefined();
  });
});

describe('the teardown note', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-note-'));
    path = notePath('pgraft', directory);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('counts for the destroy that wrote it', () => {
    expect(isTearingDown(path, destroy)).toBe(false);
    expect(writeTeardownNote(path, destroy)).toBe(true);
    expect(isTearingDown(path, destroy)).toBe(true);
  });

  it('does not count for another run, also when that has the same process id', () => {
    writeTeardownNote(path, destroy);
    expect(isTearingDown(path, { ...destroy, pid: 51 })).toBe(false);
    expect(isTearingDown(path, { ...destroy, started: '99999' })).toBe(false);
    expect(isTearingDown(path, undefined)).toBe(false);
  });

  it('is not written by an apply that replaces the resource', () => {
    const apply = terraform(['terraform', 'apply', '-auto-approve']);
    expect(writeTeardownNote(path, apply)).toBe(false);
    expect(isTearingDown(path, apply)).toBe(false);
    expect(writeTeardownNote(path, undefined)).toBe(false);
  });

  it.each(['', 'not JSON', '{"terraform":{}}'])('does not count when it is damaged: %s', (text) => {
    writeFileSync(path, text);
    expect(isTearingDown(path, destroy)).toBe(false);
  });
});

const slot = { prefix: 'pgraft', node: 3, container: 'pgraft-replica2' } as const;
const serving = { tearingDown: false, member: true, containerExists: true };

describe('a server that leaves', () => {
  const leave = { hook: 'leave', ...slot, present: 'yes' } as const;

  it('is refused while shrinking is not built, and the message says what to do', () => {
    const departure = leaving(leave, serving);
    expect(departure).toMatchObject({ refuse: true, reason: expect.stringContaining('Set nodes back') as string });
  });

  it('goes when the cluster is torn down, it never was there, or it is no member', () => {
    expect(leaving(leave, { ...serving, tearingDown: true }).refuse).toBe(false);
    expect(leaving({ ...leave, present: 'no' }, serving).refuse).toBe(false);
    expect(leaving(leave, { ...serving, member: false }).refuse).toBe(false);
  });
});

describe('a server that is replaced', () => {
  const roll = { hook: 'roll', ...slot, present: 'yes', containerId: 'abc' } as const;

  it('is refused while its container is there', () => {
    const departure = rolling(roll, serving);
    expect(departure).toMatchObject({ refuse: true, reason: expect.stringContaining('Undo the') as string });
  });

  it('goes when the cluster is torn down, its container is gone, there was none, or it is no member', () => {
    expect(rolling(roll, { ...serving, tearingDown: true }).refuse).toBe(false);
    expect(rolling(roll, { ...serving, containerExists: false }).refuse).toBe(false);
    expect(rolling({ ...roll, present: 'no', containerId: '' }, serving).refuse).toBe(false);
    expect(rolling(roll, { ...serving, member: false }).refuse).toBe(false);
  });
});

describe('isMember', () => {
  it('goes by what the group tells, and in doubt a server is one', () => {
    expect(isMember(healthyView(3), 3)).toBe(true);
    expect(isMember(healthyView(3), 4)).toBe(false);
    expect(isMember({ ...healthyView(3), members: [] }, 4)).toBe(true);
    expect(isMember(undefined, 4)).toBe(true);
  });

  it('is nobody before the group has formed, once every server has said so', () => {
    const asked = (formation: NodeState['formation']): NodeView['entryPoint'] => ({
      asked: true,
      state: state({ data: 'present', formation }),
    });
    const silent = { ...healthyView(2), members: [] };
    const one = withNode(silent, 1, { entryPoint: asked('token') });
    expect(isMember(one, 1)).toBe(true);
    expect(isMember(withNode(one, 2, { entryPoint: asked('none') }), 1)).toBe(false);
    expect(isMember(withNode(one, 2, { entryPoint: asked('consumed') }), 1)).toBe(true);
    expect(isMember(withNode(one, 2, { entryPoint: { asked: false, problem: 'not running' } }), 1)).toBe(true);
  });
});
