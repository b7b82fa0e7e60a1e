/** Teardown, at the beginning of a destroy: forget the cluster, whose volumes go with it. */
import { readHookCall } from '../../constructs/hook-input.js';
import { main } from '../kit/command.js';
import { forgetFirstDeploy } from '../kit/first-deploy.js';
import { openPauseNote } from '../kit/pause-note.js';
import { ancestorTerraform, isTearingDown } from '../kit/processes.mjs';
import { removeSecrets, secretsPath } from '../kit/secrets.js';
import { $ } from '../kit/shell.js';
import { sweepFirstDeploy } from '../steps/sweep.js';
import { sweepBeforeTeardown } from '../steps/sweep-killed.js';

await main(async () => {
  const { prefix } = readHookCall('teardown', process.env).input;
  if (!isTearingDown(ancestorTerraform())) {
    console.log('not a destroy of the whole cluster: the servers leave one by one');
    return 0;
  }
  // a container that Terraform does not know would keep a volume that it does
  await sweepFirstDeploy(prefix, ['container', 'volume', 'network'], $);
  await sweepBeforeTeardown(prefix, $);
  forgetFirstDeploy(prefix);
  openPauseNote(prefix).remove();
  // should the destroy be broken off, a server that is left gives them back
  removeSecrets(secretsPath(prefix));
  console.log(`cluster ${prefix} is torn down: its servers go at once, with their data`);
  return 0;
});
