/** Join, after all servers have been created: make them one cluster, or verify that they are. */
import { readHookCall } from '../../constructs/hook-input.js';
import { loadSettings } from '../../constructs/load-settings.js';
import { systemClock } from '../kit/clock.js';
import { main } from '../kit/command.js';
import { finishFirstDeploy } from '../kit/first-deploy.js';
import { projectDirectory } from '../kit/places.js';
import { openReport } from '../kit/report.js';
import { readSecrets, secretsPath, writeSecrets } from '../kit/secrets.js';
import { $ } from '../kit/shell.js';
import { openDocker } from '../live/docker.js';
import { recoverFromServers } from '../live/open.js';
import { openSql } from '../live/sql.js';
import { bootstrap } from '../steps/bootstrap.js';

await main(async () => {
  const { cluster } = readHookCall('join', process.env);
  const { prefix } = cluster;
  const docker = openDocker($);
  const path = secretsPath(prefix);
  await bootstrap(cluster, {
    docker,
    openSql,
    clock: systemClock,
    report: openReport(),
    provider: loadSettings(projectDirectory).dockerProvider,
    secrets: {
      load: () => readSecrets(path),
      save: (secrets) => {
        writeSecrets(path, secrets);
        // from now on there are members, also where one of them does not become healthy
        if (secrets.formed) finishFirstDeploy(prefix);
      },
      recover: async () => recoverFromServers(docker, prefix),
    },
  });
  return 0;
});
