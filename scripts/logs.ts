/** npm run logs: what the servers say, in one stream in time order. */
import { InvalidArgumentError } from 'commander';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand, serverArgument } from './kit/command-line.js';
import { main } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { projectDirectory } from './kit/places.js';
import { $ } from './kit/shell.js';
import { openDocker } from './live/docker.js';
import { readLogs } from './live/follow-logs.js';
import { mergeLines, type LogLine } from './live/log-merge.js';
import { paintFor } from './live/paint.js';
import { pickNode } from './live/pick.js';

/** When following, a line may come in this much later (ms) than a newer one of another server and still be put before it. */
const mergeWindow = 250;

const command = openCommand('logs')
  .description('Show the output of the servers (PostgreSQL, Raft and the entry point) in time order.')
  .argument('[node]', 'name, container or id of one server', serverArgument)
  .option('-f, --follow', 'go on with what comes')
  .option('-n, --tail <lines>', 'only the last lines of each server', wholeNumber)
  .parse();
const { follow = false, tail } = command.opts<{ follow?: boolean; tail?: number }>();

await main(async () => {
  const { prefix } = loadSettings(projectDirectory);
  const { containers } = await openDocker($).objects(prefix);
  if (containers.length === 0) throw new UserError(`there is no cluster ${prefix}; npm start makes one`);
  const servers = containers.map(({ node, name, container }) => ({ id: node, name, container }));
  const given = command.args[0];
  const chosen = given === undefined ? servers : [pickNode(servers, given)];
  const paint = paintFor(process.stdout);
  const width = Math.max(...chosen.map(({ name }) => name.length));
  let waiting: LogLine[] = [];
  const print = () => {
    const lines = mergeLines(waiting);
    waiting = [];
    for (const { node, text } of lines) console.log(`${paint.quiet(`${node.padEnd(width)} |`)} ${text}`);
  };
  const until = follow ? untilSignal() : undefined;
  const timer = follow ? setInterval(print, mergeWindow) : undefined;
  try {
    await Promise.all(chosen.map(async (server) => readLogs(server, { tail, until }, (line) => waiting.push(line))));
  } finally {
    clearInterval(timer);
    print();
  }
  return 0;
});

/** Aborted when somebody ends it, with Ctrl-C or otherwise. */
function untilSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => {
      controller.abort();
    });
  }
  return controller.signal;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('give a whole number');
  return Number(text);
}
