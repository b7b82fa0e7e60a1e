import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fileProblem } from '../../../setup/file-problem.mjs';

const problem = (code: string, path?: string) =>
  fileProblem(Object.assign(new Error(`${code}: told by Node`), { code, path }));

describe('a file that cannot be used', () => {
  it("is another user's: the nearest directory that can be looked at says whose", () => {
    const directory = mkdtempSync(join(tmpdir(), 'pgraft-file-'));
    try {
      const path = join(directory, 'not', 'there');
      const owner = process.getuid?.() ?? 0;
      for (const code of ['EACCES', 'EPERM']) {
        expect(problem(code, path)).toBe(
          `${path}: permission denied; run this as the user whose it is (uid ${owner}), or make it yours with chown -R`,
        );
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it.each([
    ['EROFS', '/x: the file system is read-only; make it writable, or work in a copy elsewhere'],
    ['ENOSPC', '/x: no room is left there; make some, then run this again'],
    ['EDQUOT', '/x: no room is left there; make some, then run this again'],
  ])('has a reason, a cause and a fix: %s', (code, sentence) => {
    expect(problem(code, '/x')).toBe(sentence);
  });

  it('is a defect of ours otherwise', () => {
    expect(problem('EISDIR', '/x')).toBeUndefined();
    expect(problem('EACCES')).toBeUndefined();
    expect(fileProblem('EACCES')).toBeUndefined();
  });
});
