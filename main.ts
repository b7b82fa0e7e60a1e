/** What `cdktf` runs: settings in, two stacks out. */
import { resolve } from 'node:path';
import { App } from 'cdktf';
import { loadSettings } from './constructs/load-settings.js';
import { claimOutputDirectory } from './constructs/output-directory.js';
import { type ClusterSettings, SettingsError } from './constructs/settings.js';
import { declareStacks } from './constructs/stacks.js';
import { claimDeploy } from './scripts/kit/deploy-lock.js';
import { UserError } from './scripts/kit/errors.js';

const root = import.meta.dirname;

try {
  const settings = loadSettings(root);
  // cdktf would run `terraform version` once a hook; the stacks' required_version says it once
  const app = new App({ stackTraces: false, skipValidation: true });
  const begins = claimDeploy(settings.prefix, { outdir: resolve(app.outdir) });
  claimOutputDirectory(app.outdir, root, settings.prefix);
  if (begins) await tidyUp(settings);
  declareStacks(app, settings, root);
  app.synth();
} catch (error) {
  // a mistake of the user's deserves its sentence, not a stack trace
  const mistakes =
    error instanceof SettingsError ? error.mistakes : error instanceof UserError ? [error.message] : undefined;
  if (mistakes === undefined) throw error;
  for (const mistake of mistakes) console.error(mistake);
  process.exitCode = 1;
}

/** What a killed deploy left; loaded for a deploy only. */
async function tidyUp(of: ClusterSettings): Promise<void> {
  const { sweepKilledDeploy } = await import('./scripts/steps/sweep-killed.js');
  const { $ } = await import('./scripts/kit/shell.js');
  await sweepKilledDeploy(of, $);
}
