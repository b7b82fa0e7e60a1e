import { expect, it } from 'vitest';
import { screenText } from '../../support/screen-text.js';

const rows: readonly [what: string, output: string, seen: string[]][] = [
  ['lines', 'one\r\ntwo', ['one', 'two']],
  ['a line that is too long', '0123456789ab', ['0123456789', 'ab']],
  ['a full line, and a line feed', '0123456789\r\nab', ['0123456789', 'ab']],
  ['colours', '\x1b[31mred\x1b[39m', ['red']],
  ['a line that is written over', 'waiting\r\x1b[Kdone', ['done']],
  ['two lines that are drawn again', 'one\r\ntwo\r\n\x1b[2A\x1b[2Knew\r\n\x1b[2K', ['new', '', '']],
  ['a cursor that stays in the window', 'a\r\nb\r\nc\r\nd\x1b[9A\rX', ['a', 'X', 'c', 'd']],
  ['a screen that is cleared below', 'a\r\nb\r\nc\x1b[2A\r\x1b[J', ['', '', '']],
  ['a hidden cursor', '\x1b[?25lhidden\x1b[?25h', ['hidden']],
];

it.each(rows)('a terminal of ten columns and three rows shows %s', (_, output, seen) => {
  expect(screenText(output, 10, 3)).toEqual(seen);
});
