/** npm run maintain: one server out of service for as long as a command takes, while the others go on. */
import { spawn } from 'node:child_process';
import { loadSettings } from '../constructs/load-settings.js';
import { openCommand, serverArgument } from './kit/command-line.js';
import { main, statusOf } from './kit/command.js';
import { UserError } from './kit/errors.js';
import { refuseDuringDeploy, withOperation } from './kit/operation.js';
import { projectDirectory } from './kit/places.js';
import { openReport } from './kit/report.js';
import { $ } from './kit/shell.js';
import { withWishes } from './kit/stoppable.js';
import { withLive } from './live/open.js';
import { maintain, maintainedSentence, type RunCommand } from './steps/maintain.js';

const command = openCommand('maintain')
  .description('Take one server out of service, run a command, and bring the server back.')
  .usage('<node> [-- command]')
  .argument('<node>', 'name, container or id of the server', serverArgument)
  .argument('[command...]', 'what to run on this machine while its container is stopped; without it, it is restarted')
  .addHelpText(
    'after',
    `
It refuses where writes would not go on meanwhile. A server that leads hands leadership over first. The command gets

  MAINTAIN_NODE       its name (replica1)
  MAINTAIN_ID         its id (2)
  MAINTAIN_CONTAINER  its container (pgraft-replica1), which is stopped and may be started
  MAINTAIN_VOLUME     the volume with its data
  MAINTAIN_CLUSTER    the prefix of the cluster (pgraft)

and no shell; give one where it is needed. Whatever the command does, and also after Ctrl-C, the server is started again; the exit
status is the command's. Take the server out of your connection poolers before: this ends no session until the server stops.

Example: npm run maintain replica1 -- sh -c 'docker run --rm --volumes-from $MAINTAIN_CONTAINER alpine du -sh /var/lib/postgresql'`,
  )
  .passThroughOptions()
  .parse();

const [node = '', ...rest] = command.args;
// npm takes the first -- away, and leaves a second one
const given = rest[0] === '--' ? rest.slice(1) : rest;

const run: RunCommand = async ([program = '', ...args], environment) => {
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  // a signal that only this process was sent is for it, too
  const pass = (name: NodeJS.Signals) => child.kill(name);
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, pass);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => {
        resolve(statusOf({ exitCode, signal }));
      });
    });
  } finally {
    for (const name of ['SIGTERM', 'SIGHUP'] as const) process.off(name, pass);
  }
};

await main(async () => {
  await expectProgram(given[0]);
  const settings = loadSettings(projectDirectory);
  const { prefix } = settings;
  return withOperation(prefix, `npm run maintain ${node}`, async () => {
    refuseDuringDeploy(prefix);
    return withWishes(async (wishes) =>
      withLive(settings, async (live) => {
        const maintained = await maintain(live, { node, command: given, run, report: openReport(), wishes });
        console.log(maintainedSentence(maintained));
        return maintained.status;
      }),
    );
  });
});

/** Before a server is stopped for nothing. */
async function expectProgram(program: string | undefined): Promise<void> {
  if (program === undefined) return;
  if (program.startsWith('-'))
    throw new UserError(`unknown option "${program}"; a command stands after the server and --`);
  const output = await $({ input: '' })`command -v ${program}`;
  if (output.exitCode !== 0)
    throw new UserError(`there is no program "${program}" on this machine; nothing was changed`);
}
