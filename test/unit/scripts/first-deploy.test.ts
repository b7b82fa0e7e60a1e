import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentAttempt, firstDeployPath, readFirstDeploy } from '../../../constructs/first-deploy.js';
import {
  beginFirstDeploy,
  finishFirstDeploy,
  forgetFirstDeploy,
  isFirstDeployUnfinished,
} from '../../../scripts/kit/first-deploy.js';

describe('the record of the first deploy', () => {
  let root: string;
  const attempt = () => currentAttempt(readFirstDeploy(firstDeployPath(root, 'pgraft')));
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'pgraft-first-deploy-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('counts an attempt more for each that was broken off, and none more once the cluster has formed', () => {
    expect(attempt()).toBe(1);
    beginFirstDeploy('pgraft', root);
    expect(isFirstDeployUnfinished('pgraft', root)).toBe(true);
    expect(attempt()).toBe(2);
    beginFirstDeploy('pgraft', root);
    finishFirstDeploy('pgraft', root);
    expect(isFirstDeployUnfinished('pgraft', root)).toBe(false);
    expect(attempt()).toBe(2);
  });

  it('is not made for a cluster that formed without one, nor kept for one that is gone', () => {
    finishFirstDeploy('pgraft', root);
    expect(readFirstDeploy(firstDeployPath(root, 'pgraft'))).toBeUndefined();
    beginFirstDeploy('pgraft', root);
    forgetFirstDeploy('pgraft', root);
    expect(isFirstDeployUnfinished('pgraft', root)).toBe(false);
    expect(attempt()).toBe(1);
  });

  it.each(['', '{"attempt": 1}', '{"attempt": "1", "finished": true}', '[]'])(
    'refuses %j, and says what to do',
    (text) => {
      beginFirstDeploy('pgraft', root);
      writeFileSync(firstDeployPath(root, 'pgraft'), text);
      expect(() => isFirstDeployUnfinished('pgraft', root)).toThrow(/first-deploy\.json is damaged; write \{/);
    },
  );
});
