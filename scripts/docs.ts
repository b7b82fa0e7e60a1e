/** npm run docs: make the pages that follow from the code. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import { settingsPage } from '../constructs/settings-page.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { projectDirectory } from './kit/places.js';

openCommand('docs').description('Make docs/settings.md of the schema of the settings.').parse();

await main(async () => {
  const path = join(projectDirectory, 'docs/settings.md');
  const options = await prettier.resolveConfig(path);
  writeFileSync(path, await prettier.format(settingsPage(), { ...options, filepath: path }));
  console.log('docs/settings.md is up to date');
  return 0;
});
