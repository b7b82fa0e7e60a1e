import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runToItsEnd } from '../../../scripts/kit/interruption.js';
import { eventually } from '../../support/eventually.js';

describe('runToItsEnd', () => {
  let directory: string;
  let source: EventEmitter;
  let told: string[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pgraft-interruption-'));
    // a program called terraform, which the shell then is
    symlinkSync('/bin/bash', join(directory, 'terraform'));
    source = new EventEmitter();
    told = [];
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  const file = (name: string) => join(directory, name);
  const read = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');
  const seen = async (name: string) => eventually(`the file ${name}`, () => existsSync(file(name)), Boolean, 10_000);

  /** Run `script` in place of cdktf. */
  async function run(script: string) {
    writeFileSync(file('cdktf.sh'), script);
    const command = { program: 'bash', args: ['cdktf.sh'], cwd: directory, env: process.env, terraform: 'terraform' };
    return runToItsEnd(command, (line) => told.push(line), source);
  }

  /** In place of terraform: on the first interruption it finishes its work, which takes until the file `go` is there. */
  const terraform = `./terraform -c '
    trap "echo interrupted >> log; interrupted=yes" INT
    touch up
    until [ -n "$interrupted" ] && [ -e go ]; do read -r -t 0.05 <> pipe; done
    echo done >> log; exit 1'`;
  const first = 'mkfifo pipe\n';

  it('gives the exit status, also without any terraform', async () => {
    expect(await run('exit 7')).toEqual({ status: 7, interruptedBy: undefined });
    expect(told).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('on %s asks terraform to stop, once, and waits for it', async (signal) => {
    const ended = run(`${first}${terraform}\nexit $?`);
    await seen('up');
    source.emit(signal, signal);
    source.emit(signal, signal);
    await eventually(
      'terraform to be interrupted',
      () => read('log'),
      (text) => text !== '',
      10_000,
    );
    source.emit('SIGINT', 'SIGINT');
    writeFileSync(file('go'), '');
    expect(await ended).toEqual({ status: 1, interruptedBy: signal });
    expect(read('log')).toBe('interrupted\ndone\n');
    expect(told).toHaveLength(1);
    expect(source.eventNames()).toEqual([]);
  });

  it('asks a terraform that is started only afterwards, too', async () => {
    const ended = run(
      `${first}touch synthesizing\nuntil [ -e asked ]; do read -r -t 0.05 <> pipe; done\n${terraform}\nexit $?`,
    );
    await seen('synthesizing');
    source.emit('SIGINT', 'SIGINT');
    writeFileSync(file('asked'), '');
    writeFileSync(file('go'), '');
    expect(await ended).toEqual({ status: 1, interruptedBy: 'SIGINT' });
    expect(read('log')).toBe('interrupted\ndone\n');
  });

  it('fails when the program is not there', async () => {
    const command = { program: file('nothing'), args: [], cwd: directory, env: {}, terraform: 'terraform' };
    await expect(runToItsEnd(command, () => undefined, source)).rejects.toThrow('ENOENT');
    expect(source.eventNames()).toEqual([]);
  });
});
