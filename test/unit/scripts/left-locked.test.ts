import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockInfoPath, statePath } from '../../../constructs/state-path.js';
import { leftLocked } from '../../../scripts/kit/terraform.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgtest-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

it('names the stack whose Terraform was killed, by what that leaves beside the state', () => {
  mkdirSync(dirname(statePath(root, 'pgx', 'cluster')), { recursive: true });
  writeFileSync(statePath(root, 'pgx', 'cluster'), '{}');
  expect(leftLocked('pgx', root)).toEqual([]);
  writeFileSync(lockInfoPath(root, 'pgx', 'cluster'), '{}');
  expect(leftLocked('pgx', root)).toEqual(['cluster']);
  expect(lockInfoPath('/r', 'pgx', 'image')).toMatch(/\/\.terraform\.image\.tfstate\.lock\.info$/);
});
