/** npm run logs: what the servers say, in one stream in time order. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { loadSettings } from '../constructs/load-settings.js';
import { main } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { projectDirectory } from './kit/places.js';
import { $ } from './kit/shell.js';
import { openDocker } from './live/docker.js';
import { mergeLines, readLogLine, type LogLine } from './live/log-merge.js';
import { pickNode } from './live/pick.js';

/** When following, a line may come in this much later (ms) than a newer one of another server and still be put before it. */
const mergeWindow = 250;

const command = new Command('logs')
  .description('Show the output of the servers (PostgreSQL, Raft and the entry point) in time order.')
  .argument('[node]', 'name, container or id of one server')
  .option('-f, --follow', 'go on with what comes')
  .option('-n, --tail <lines>', 'only the last lines of each server', wholeNumber)
  .allowExcessArguments(false)
  .parse();
const { follow = false, tail } = command.opts<{ follow?: boolean; tail?: number }>();

await main(async () => {
  const { prefix } = loadSettings(projectDirectory);
  const { containers } = await openDocker($).objects(prefix);
  if (containers.length === 0) throw new UserError(`there is no cluster ${prefix}; npm start makes one`);
  const servers = containers.map(({ node, name, container }) => ({ id: node, name, container }));
  const given = command.args[0];
  const chosen = given === undefined ? servers : [pickNode(servers, given)];
  const width = Math.max(...chosen.map(({ name }) => name.length));
  let waiting: LogLine[] = [];
  const print = () => {
    const lines = mergeLines(waiting);
    waiting = [];
    for (const { node, text } of lines) console.log(`${pc.dim(`${node.padEnd(width)} |`)} ${text}`);
  };
  const timer = follow ? setInterval(print, mergeWindow) : undefined;
  try {
    await Promise.all(chosen.map(async (server) => read(server, (line) => waiting.push(line))));
  } finally {
    clearInterval(timer);
    print();
  }
  return 0;
});

/** Hand each line of one container to `take` until docker ends. */
async function read({ name, container }: { name: string; container: string }, take: (line: LogLine) => void) {
  const options = [...(follow ? ['--follow'] : []), ...(tail === undefined ? [] : ['--tail', String(tail)])];
  const child = spawn('docker', ['logs', '--timestamps', ...options, container], { stdio: ['ignore', 'pipe', 'pipe'] });
  let previous = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      const line = readLogLine(name, text, previous);
      previous = line.time;
      take(line);
    });
  }
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve();
    });
  });
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('give a whole number');
  return Number(text);
}
