/**
 * Set up before each file of tests with servers. Its hook runs behind the file's own, which remove the containers. A finding ends a
 * process only, and many tests expect servers to end: without this they could pass.
 */
import { afterAll } from 'vitest';
import { findings } from './findings.js';

afterAll(() => {
  if (findings().length > 0) throw new Error(`the sanitizers have found something:\n${findings().join('\n\n')}`);
});
