import { describe, expect, it } from 'vitest';
import { findingIn } from '../../support/findings.js';

const before = '2026-01-01 00:00:00.000 UTC [7] LOG:  database system is ready to accept connections';

describe('in the log of a server', () => {
  it.each([
    ['a memory error', '==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x50 at pc 0x7f bp 0x7f sp 0x7f'],
    ['a signal that ends a process', '==7==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000000'],
    ['undefined behaviour', "server/ask.c:7:5: runtime error: index 9 out of bounds for type 'char [9]'"],
    ['what a fortified function finds', '*** buffer overflow detected ***: terminated'],
    ['a broken canary', '*** stack smashing detected ***: terminated'],
  ])('%s is a finding, told with the lines behind it', (_, line) => {
    expect(findingIn(`${before}\n${line}\n    #0 0x7f in pgraft\n`)).toBe(`${line}\n    #0 0x7f in pgraft\n`);
  });

  it('what PostgreSQL says about errors and ends of processes is none', () => {
    const said = [
      before,
      'ERROR:  canceling statement due to user request',
      'LOG:  background worker "pgraft role" (PID 9) was terminated by signal 9: Killed',
      'PANIC:  could not write to file',
    ];
    expect(findingIn(said.join('\n'))).toBeUndefined();
  });

  it('a finding is told with 40 lines at most', () => {
    const line = 'ERROR: AddressSanitizer: stack-buffer-overflow';
    expect(findingIn([line, ...Array<string>(100).fill(before)].join('\n'))?.split('\n')).toHaveLength(40);
  });
});
