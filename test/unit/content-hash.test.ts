import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contentHash } from '../../constructs/content-hash.js';

describe('the content hash', () => {
  let context: string;
  const write = (path: string, content: string) => {
    writeFileSync(join(context, path), content);
  };

  beforeEach(() => {
    context = mkdtempSync(join(tmpdir(), 'pgraft-hash-'));
    mkdirSync(join(context, 'node'));
    write('Dockerfile', 'FROM scratch\n');
    write('.dockerignore', '**/*.o\nnode/*.md\n!node/keep.md\n');
    write('node/run', '#!/bin/bash\n');
  });
  afterEach(() => {
    rmSync(context, { recursive: true });
  });

  it('is 12 hex digits, the same each time', () => {
    expect(contentHash(context)).toMatch(/^[0-9a-f]{12}$/);
    expect(contentHash(context)).toBe(contentHash(context));
  });

  /** Whether the hash is another one after `change`. */
  const changes = (change: () => void): boolean => {
    const before = contentHash(context);
    change();
    return contentHash(context) !== before;
  };

  it('changes with content, name, mode and kind of a file', () => {
    expect(
      changes(() => {
        write('node/run', '#!/bin/sh\n');
      }),
    ).toBe(true);
    expect(
      changes(() => {
        renameSync(join(context, 'node/run'), join(context, 'node/go'));
      }),
    ).toBe(true);
    expect(
      changes(() => {
        chmodSync(join(context, 'node/go'), 0o755);
      }),
    ).toBe(true);
    expect(
      changes(() => {
        symlinkSync('go', join(context, 'node/run'));
      }),
    ).toBe(true);
    expect(
      changes(() => {
        write('node/keep.md', '');
      }),
    ).toBe(true);
  });

  it('does not change with times, with the umask, or with what .dockerignore leaves out', () => {
    expect(
      changes(() => {
        utimesSync(join(context, 'Dockerfile'), 1, 1);
      }),
    ).toBe(false);
    expect(
      changes(() => {
        chmodSync(join(context, 'Dockerfile'), 0o600);
      }),
    ).toBe(false);
    expect(
      changes(() => {
        write('node/x.o', 'object');
      }),
    ).toBe(false);
    expect(
      changes(() => {
        write('node/notes.md', 'notes');
      }),
    ).toBe(false);
    expect(
      changes(() => {
        mkdirSync(join(context, 'empty'));
      }),
    ).toBe(false);
  });

  it('minds the case of names, as Docker does', () => {
    expect(
      changes(() => {
        write('node/x.O', 'not an object file');
      }),
    ).toBe(true);
  });

  it('does not mistake content for a name', () => {
    write('node/a', 'file 6 1\nnode/b\nx');
    const one = contentHash(context);
    write('node/a', '');
    write('node/b', 'x');
    expect(contentHash(context)).not.toBe(one);
  });

  it('of a directory without Dockerfile is refused', () => {
    rmSync(join(context, 'Dockerfile'));
    expect(() => contentHash(context)).toThrow(`${context} has no Dockerfile`);
  });
});
