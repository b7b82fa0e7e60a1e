import { describe, expect, it } from 'vitest';
import { picture, wrapped } from '../../../scripts/live/screen.js';

describe('a line that is longer than the window', () => {
  it.each([
    ['short', ['short']],
    ['', ['']],
    ['0123456789', ['0123456789']],
    ['0123456789 next', ['0123456789', '  next']],
    ['012345 78901 next', ['012345', '  78901', '  next']],
    ['a'.repeat(20), ['a'.repeat(10), '  aaaaaaaa', '  aa']],
  ])('%j is broken between words', (line, expected) => {
    expect(wrapped(line, 10)).toEqual(expected);
  });

  it('keeps its colours, which take no room', () => {
    expect(wrapped('\x1b[31m0123456789\x1b[39m', 10)).toEqual(['\x1b[31m0123456789\x1b[39m']);
    expect(wrapped('\x1b[31m012345 789012\x1b[39m', 10)).toEqual(['\x1b[31m012345\x1b[0m', '  \x1b[31m789012\x1b[39m']);
  });
});

describe('the picture', () => {
  const lines = (text: string) =>
    text
      .replace(/^\x1b\[H/, '') // eslint-disable-line no-control-regex -- what begins a picture
      .replaceAll(/\x1b\[[KJ]/g, '') // eslint-disable-line no-control-regex -- what ends a line
      .split('\n');

  it('overwrites line by line, and never clears the screen first', () => {
    expect(picture('one\ntwo', 80, 24)).toBe('\x1b[Hone\x1b[K\ntwo\x1b[K\x1b[J');
  });

  it('leaves out empty lines where rows are few, and then says how much is missing', () => {
    expect(lines(picture('a\n\nb\n\nc', 80, 3))).toEqual(['a', 'b', 'c']);
    expect(lines(picture('a\n\nb\nc\nd', 80, 3))).toEqual(['a', 'b', '… 2 more lines']);
  });
});
