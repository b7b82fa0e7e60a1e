/** npm run plan: what a deploy would mean for the cluster. Exit status 0 no change, 2 changes, 3 dangerous ones, 1 error. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadSettings } from '../constructs/load-settings.js';
import { SettingsError } from '../constructs/settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { projectDirectory } from './kit/places.js';
import { knownSecrets } from './kit/secrets.js';
import { withoutSecrets } from './review/hidden.js';
import { errorMarkdown, reviewMarkdown, reviewText } from './review/markdown.js';
import { exitStatusOf } from './review/review.js';
import { planReview } from './steps/plan-review.js';

const command = openCommand('plan')
  .description("Show what cdktf deploy '*' would do to the cluster, and change nothing.")
  .option('--json', 'print one JSON value')
  .option('--markdown <file>', 'write a comment for a pull request to this file')
  .addHelpText(
    'after',
    '\nExit status: 0 no change, 2 changes, 3 dangerous changes, 1 error. It works while the cluster is stopped or out of reach,\n' +
      'and says what it then cannot know.',
  )
  .parse();
const { json = false, markdown } = command.opts<{ json?: boolean; markdown?: string }>();

await main(async () => {
  // npm runs its scripts in the project's directory; the file is meant from where the person is
  const file = markdown === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', markdown);
  try {
    const settings = loadSettings(projectDirectory);
    const { review, raw } = await planReview(settings);
    const clean = cleanerOf(settings.prefix);
    if (file !== undefined) writeFileSync(file, clean(reviewMarkdown(review, raw)));
    console.log(clean(json ? JSON.stringify(review, undefined, 2) : reviewText(review)));
    return exitStatusOf(review.level);
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof SettingsError)) throw error;
    tellError(error);
    throw error;
  }

  /** Also where there is no plan, a comment of an earlier one must not stay. */
  function tellError(error: Error): void {
    const cluster = prefixInUse();
    const message = cleanerOf(cluster)(error.message);
    if (file !== undefined) writeFileSync(file, errorMarkdown(cluster, message));
    if (json) console.log(JSON.stringify({ cluster, level: 'error', verdict: message }, undefined, 2));
  }
});

/** The cluster that is meant, also where the settings have mistakes. */
function prefixInUse(): string {
  try {
    return loadSettings(projectDirectory).prefix;
  } catch {
    return process.env['PGRAFT_PREFIX'] ?? 'pgraft';
  }
}

/** Whatever is printed, no secret of the cluster is in it. */
function cleanerOf(prefix: string): (text: string) => string {
  const secrets = knownSecrets(prefix);
  return (text) => withoutSecrets(text, secrets);
}
