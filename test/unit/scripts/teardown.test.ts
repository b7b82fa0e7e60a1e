import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import {
  ancestorTerraform,
  describeProcess,
  isDestroy,
  isTearingDown,
  readPsLine,
  terraformBelow,
  type ProcessFacts,
} from '../../../scripts/kit/processes.mjs';
import type { NodeState } from '../../../scripts/live/node-state.js';
import type { NodeView } from '../../../scripts/live/view.js';
import { isMember, whyLeavingIsDone, whyRollingIsDone } from '../../../scripts/steps/departure.js';
import { healthyView, state, withNode } from './fakes.js';

const terraform = (command: string[]): ProcessFacts => ({ pid: 50, parent: 40, command });
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
    ['terraform destroy -target=docker_container.replica2', false],
    ['terraform destroy --target docker_container.replica2', false],
    ['terraform apply -destroy -exclude=docker_network.network', false],
  ])('%s: %s', (line, expected) => {
    expect(isDestroy(line.split(' '), {})).toBe(expected);
  });

  it('counts the arguments that terraform takes from its environment', () => {
    expect(isDestroy(['terraform', 'destroy'], { TF_CLI_ARGS: '-no-color -target=terraform_data.leave3' })).toBe(false);
    expect(isDestroy(['terraform', 'destroy'], { TF_CLI_ARGS_destroy: '-exclude=docker_volume.primary_data' })).toBe(
      false,
    );
    expect(isDestroy(['terraform', 'destroy'], { TF_CLI_ARGS_apply: '-target=terraform_data.leave3' })).toBe(true);
    expect(isDestroy(['terraform', 'apply'], { TF_CLI_ARGS_apply: '-destroy' })).toBe(true);
  });
});

describe('ancestorTerraform', () => {
  const processes = new Map([
    [70, { pid: 70, parent: 60, command: ['node', 'scripts/hooks/leave.ts'] }],
    [60, { pid: 60, parent: 50, command: ['/bin/sh', '-c', 'node scripts/hooks/leave.ts'] }],
    [50, destroy],
    [40, { pid: 40, parent: 1, command: ['node', 'cdktf', 'destroy', '*'] }],
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
    expect(self?.command.length).toBeGreaterThan(0);
    expect(describeProcess(2 ** 30)).toBeUndefined();
  });

  it('reads what ps prints on macOS', () => {
    expect(readPsLine('  600   501 /usr/local/bin/terraform destroy -auto-approve')).toEqual({
      pid: 600,
      parent: 501,
      command: ['/usr/local/bin/terraform', 'destroy', '-auto-approve'],
    });
    expect(readPsLine('')).toBeUndefined();
  });
});

describe('terraformBelow', () => {
  const processes: readonly ProcessFacts[] = [
    { pid: 40, parent: 1, command: ['node', 'cdktf', 'deploy', '*'] },
    { pid: 50, parent: 40, command: ['/opt/tf-1.11', 'apply'] },
    { pid: 60, parent: 40, command: ['node', 'main.ts'] },
    { pid: 70, parent: 60, command: ['terraform', 'version'] },
    { pid: 80, parent: 1, command: ['terraform', 'apply'] },
  ];

  it('finds those that a process started, also through others, and nobody else', () => {
    const pids = (binary: string) => terraformBelow(40, binary, [...processes]).map(({ pid }) => pid);
    expect(pids('/opt/tf-1.11')).toEqual([50, 70]);
    expect(pids('terraform')).toEqual([70]);
  });

  it('looks at the processes of this machine', async () => {
    const child = spawn('sh', ['-c', 'read line; exit 0'], { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      await once(child, 'spawn');
      expect(terraformBelow(process.pid, 'sh').map(({ pid }) => pid)).toContain(child.pid);
    } finally {
      child.stdin.end();
    }
  });
});

describe('a hook tears the cluster down', () => {
  it('when the terraform above it destroys the whole, in whichever run', () => {
    expect(isTearingDown(destroy)).toBe(true);
    expect(isTearingDown({ ...destroy, pid: 51 })).toBe(true);
  });

  it('not when that applies, or there is none', () => {
    expect(isTearingDown(terraform(['terraform', 'apply', '-auto-approve']))).toBe(false);
    expect(isTearingDown(undefined)).toBe(false);
  });
});

const slot = { prefix: 'pgraft', node: 3, container: 'pgraft-replica2' } as const;
const serving = { member: true, containerExists: true };

describe('a server that leaves', () => {
  const leave = { hook: 'leave', ...slot, present: 'yes' } as const;

  it('has something to do while it is a member', () => {
    expect(whyLeavingIsDone(leave, serving)).toBeUndefined();
  });

  it('just goes when it never was there, or is no member', () => {
    expect(whyLeavingIsDone({ ...leave, present: 'no' }, serving)).toBe('slot 3 was empty');
    expect(whyLeavingIsDone(leave, { ...serving, member: false })).toBe(
      'pgraft-replica2 is no member of the Raft group',
    );
  });
});

describe('a server that is replaced', () => {
  const roll = { hook: 'roll', ...slot, present: 'yes', containerId: 'abc', raftAddress: '' } as const;

  it('has something to do while its container is there', () => {
    expect(whyRollingIsDone(roll, serving)).toBeUndefined();
  });

  it('just goes when its container is gone, there was none, or it is no member', () => {
    expect(whyRollingIsDone(roll, { ...serving, containerExists: false })).toBe(
      'pgraft-replica2 is gone already and is made anew',
    );
    expect(whyRollingIsDone({ ...roll, present: 'no', containerId: '' }, serving)).toBe('slot 3 was empty');
    expect(whyRollingIsDone(roll, { ...serving, member: false })).toContain('is no member');
  });
});

describe('isMember', () => {
  const silent = { ...healthyView(2), members: [] };
  const asked = (formation: NodeState['formation']): Partial<NodeView> => ({
    entryPoint: { asked: true, state: state({ data: 'present', formation }) },
  });
  const status = (word: string): Partial<NodeView> => ({
    docker: { status: word, health: undefined, since: undefined, onNetwork: true },
  });

  it('goes by what the group tells, and in doubt a server is one', () => {
    expect(isMember(healthyView(3), 3, true)).toBe(true);
    expect(isMember(healthyView(3), 4, true)).toBe(false);
    expect(isMember({ ...healthyView(3), members: [] }, 4, true)).toBe(true);
  });

  it('is nobody where nothing of the cluster is left', () => {
    expect(isMember(undefined, 4, true)).toBe(false);
  });

  it('is nobody before the group has formed, once every server that runs has said so', () => {
    const one = withNode(silent, 1, asked('token'));
    expect(isMember(one, 1, false)).toBe(true);
    expect(isMember(withNode(one, 2, asked('none')), 1, undefined)).toBe(false);
    expect(isMember(withNode(one, 2, asked('consumed')), 1, false)).toBe(true);
    expect(isMember(withNode(one, 2, { entryPoint: { asked: false, problem: 'no answer' } }), 1, false)).toBe(true);
  });

  it('is nobody when a server does not run and this machine knows that nothing was formed', () => {
    const one = withNode(silent, 1, asked('token'));
    expect(isMember(withNode(one, 2, status('exited')), 1, false)).toBe(false);
    expect(isMember(withNode(one, 2, status('exited')), 1, true)).toBe(true);
    expect(isMember(withNode(one, 2, status('exited')), 1, undefined)).toBe(true);
    expect(isMember(withNode(one, 2, status('paused')), 1, false)).toBe(true);
  });

  it('is nobody when a server was never started and nothing is remembered', () => {
    const one = withNode(silent, 1, asked('none'));
    expect(isMember(withNode(one, 2, status('created')), 1, undefined)).toBe(false);
    expect(isMember(withNode(one, 2, status('created')), 1, true)).toBe(true);
  });
});
