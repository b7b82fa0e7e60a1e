/** npm run url: a connection URL of the application role, password included. The one command that prints a secret. */
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand } from './kit/command-line.js';
import { main } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { projectDirectory } from './kit/places.js';
import { connectionUrl } from './live/connection-url.js';
import { withLive } from './live/open.js';

const command = openCommand('url')
  .description('Print the read-write URL, password included, for libpq and drivers that take several hosts.')
  .option('--read-only', 'the URL for reads: standbys first')
  .parse();
const { readOnly = false } = command.opts<{ readOnly?: boolean }>();

await main(async () => {
  const settings = loadSettings(projectDirectory);
  return withLive(settings, async ({ docker, secrets, prefix }) => {
    const { containers } = await docker.objects(prefix);
    if (containers.length === 0) throw new UserError(`there is no cluster ${prefix}; npm start makes one`);
    if (secrets === undefined) throw new UserError(`cluster ${prefix} has no secrets yet; npm start finishes it`);
    const endpoints = containers.flatMap(({ postgres }) => postgres ?? []);
    console.log(connectionUrl(endpoints, readOnly ? 'prefer-standby' : 'read-write', secrets.application_password));
    return 0;
  });
});
