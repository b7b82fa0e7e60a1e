/** npm run rotate-key: another key between the servers, while they run. */
import prettyMs from 'pretty-ms';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { refuseDuringDeploy, withOperation } from './kit/operation.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { readSecrets, secretsPath, writeSecrets, type Secrets } from './kit/secrets.js';
import { withWishes } from './kit/stoppable.js';
import { withLive } from './live/open.js';
import { rotateKey } from './steps/rotate-key.js';

openCommand('rotate-key')
  .description('Change the key that the servers prove to each other, while they run and are written to.')
  .addHelpText(
    'after',
    '\nEvery server has to answer: first all of them learn the new key, then all use it, then all forget the former one. Each step is\n' +
      'seen on every server before the next. Interrupted, or failed half-way, the cluster goes on with both keys: run it again.\n' +
      '\nExample: npm run rotate-key',
  )
  .parse();

await main(async () => {
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  const path = secretsPath(prefix);
  return withOperation(prefix, 'npm run rotate-key', async () => {
    refuseDuringDeploy(prefix);
    return withWishes(async ({ end }) =>
      withLive(settings, async (live) => {
        const begin = performance.now();
        const remembered = readSecrets(path) !== undefined;
        // a deploy may have noted other members meanwhile
        const save = (secrets: Secrets) => {
          const { raft_key, next_raft_key, former_raft_key } = secrets;
          writeSecrets(path, { ...(readSecrets(path) ?? secrets), raft_key, next_raft_key, former_raft_key });
        };
        const { fingerprint } = await rotateKey(live, { remembered, save, report: openReport(), end });
        console.log(
          `The key of cluster ${prefix} is ${fingerprint} now (its fingerprint), after ${prettyMs(performance.now() - begin)}. ` +
            'Connections that were open stay open.',
        );
        return 0;
      }),
    );
  });
});
