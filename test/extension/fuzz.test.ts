import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTarget } from '../fuzz/run-target.js';
import { compileTargets, fuzzStage } from '../fuzz/stage.js';
import { extensionSource, fuzzTargets } from '../fuzz/targets.js';

/**
 * A little of what `npm run fuzz` does at length: each reader of bytes from outside is given its corpus, which has the inputs of everything
 * that was found and mended, and then the same five thousand random ones each time.
 */
const iterations = 5_000;
const seconds = 150;
const buildDeadline = 10 * 60_000;

let stage = '';
let work = '';

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'pgraft-fuzz-programs-'));
  stage = await fuzzStage();
  await compileTargets(stage, extensionSource, work);
}, buildDeadline);
afterAll(() => rm(work, { recursive: true, force: true }));

describe.concurrent('a reader of bytes from outside stands its corpus and five thousand random inputs', () => {
  for (const target of fuzzTargets()) {
    test(target.name, { timeout: (seconds + 150) * 1_000 }, async () => {
      const findings = join(work, 'findings');
      const result = await runTarget({
        ...{ stage, programs: work, target, iterations, findings },
        ...{ seed: 1, limit: seconds },
      });
      expect(result.finding).toBeUndefined();
      expect(result.corpus.files).toBeGreaterThan(0);
      expect(result.coverage).toBeGreaterThan(0);
      expect(result.iterations).toBeGreaterThanOrEqual(iterations);
    });
  }
});
