import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { settingsPage } from '../../constructs/settings-page.js';
import { settingsReference } from '../../constructs/settings.js';

const path = join(import.meta.dirname, '../../docs/settings.md');

describe('docs/settings.md', () => {
  it('is what npm run docs makes of the settings', async () => {
    const options = await prettier.resolveConfig(path);
    expect(readFileSync(path, 'utf8')).toBe(await prettier.format(settingsPage(), { ...options, filepath: path }));
  });

  it('describes every setting', () => {
    const reference = settingsReference();
    expect(reference.map(({ key }) => key)).toContain('nodes');
    for (const { description, variable } of reference) {
      expect(description).not.toBe('');
      expect(variable).toMatch(/^PGRAFT_[A-Z_]+$/);
    }
  });
});
