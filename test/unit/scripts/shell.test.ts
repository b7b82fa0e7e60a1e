import { describe, expect, it } from 'vitest';
import { $, outcomeOf } from '../../../scripts/kit/shell.js';

describe('outcomeOf', () => {
  const run = async (script: string, limit: number) =>
    outcomeOf(await $({ timeout: limit, input: '' })`sh -c ${script}`, 'the command', limit);

  it('has the output of a command that worked', async () => {
    expect(await run('echo yes', 10_000)).toEqual({ ok: true, stdout: 'yes\n', problem: '' });
  });

  it('has what a failed command said, on one line, else its status', async () => {
    expect((await run('echo bad >&2; echo worse >&2; exit 3', 10_000)).problem).toBe('bad; worse');
    expect((await run('exit 3', 10_000)).problem).toBe('the command ended with status 3');
  });

  it('tells a command that took too long from one that somebody ended', async () => {
    expect((await run('exec sleep 60', 100)).problem).toBe('the command took longer than 100 ms and was stopped');
    // zx ends what the shell has begun, too, and not always after it
    const asDocker = 'trap "exit 143" TERM; while :; do sleep 0.1; done';
    expect((await run(asDocker, 500)).problem).toBe('the command took longer than 500 ms and was stopped');
    expect((await run('kill -KILL $$', 10_000)).problem).toBe('the command was ended by SIGKILL');
    expect((await run('kill -TERM $$', 10_000)).problem).toBe('the command was ended by SIGTERM');
  });
});
