/** What `cdktf` runs: settings in, two stacks out. */
import { resolve } from 'node:path';
import { App } from 'cdktf';
import { loadSettings } from './constructs/load-settings.js';
import { claimOutputDirectory } from './constructs/output-directory.js';
import { SettingsError } from './constructs/settings.js';
import { declareStacks } from './constructs/stacks.js';
import { claimDeploy } from './scripts/kit/deploy-lock.js';

const root = import.meta.dirname;

try {
  const settings = loadSettings(root);
  // cdktf would run `terraform version` once a hook; the stacks' required_version says it once
  const app = new App({ stackTraces: false, skipValidation: true });
  claimDeploy(settings.prefix, { outdir: resolve(app.outdir) });
  claimOutputDirectory(app.outdir, root, settings.prefix);
  declareStacks(app, settings, root);
  app.synth();
} catch (error) {
  // a mistake of the user's deserves its sentence, not a stack trace
  if (!(error instanceof SettingsError)) throw error;
  for (const mistake of error.mistakes) console.error(mistake);
  process.exitCode = 1;
}
