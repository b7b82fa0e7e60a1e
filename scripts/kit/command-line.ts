/** What our commands have in common in their arguments: a mistake names the value, the cause and where to read on. */
import { Command, InvalidArgumentError } from 'commander';

/** The longest name of a container, and more than any other way to name a server. */
const longestName = 63;

/** The command `npm run <name>`, which takes no more arguments than are declared. */
export function openCommand(name: string): Command {
  const command = new Command(name).allowExcessArguments(false);
  return command.configureOutput({
    outputError: (text, write) => {
      write(`${describeMistake(text.trim(), command)}; see ${usageOf(name)}\n`);
    },
  });
}

/** For the argument that names a server: what cannot be one is refused before anything is asked. */
export function serverArgument(text: string): string {
  const fix = 'give the name of a server (replica1), its container or its id';
  if (text.trim() === '') throw new InvalidArgumentError(fix);
  if (text.length > longestName) throw new InvalidArgumentError(`it has ${text.length} characters; ${fix}`);
  return text;
}

/** commander tells only how many there are too many, and repeats a value however long it is. */
function describeMistake(text: string, { args, registeredArguments }: Command): string {
  if (!text.startsWith('error: too many arguments'))
    return text.replace(/'([^']*)'/g, (_, value: string) => `'${cut(value)}'`).replace(/\.$/, '');
  const excess = args.slice(registeredArguments.length).map((value) => JSON.stringify(cut(value)));
  const taken = registeredArguments.length === 0 ? 'this command takes none' : 'this command takes one';
  return `error: ${cut(excess.join(' '))}: too many arguments, ${taken}`;
}

/** Short enough for a message. */
export function cut(value: string): string {
  return value.length <= longestName ? value : `${value.slice(0, longestName)}…`;
}

function usageOf(name: string): string {
  return name === 'start' ? 'npm start -- --help' : `npm run ${name} -- --help`;
}
