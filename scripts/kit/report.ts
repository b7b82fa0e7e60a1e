import { Listr } from 'listr2';
import pc from 'picocolors';
import prettyMs from 'pretty-ms';

/** Where the person hears what is done, step by step. */
export interface Report {
  /** Run `work` as a step: its title while it runs, the time it took when done. */
  step<T>(title: string, work: (progress: (line: string) => void) => Promise<T>): Promise<T>;
  /** A sentence of its own. */
  note(line: string): void;
}

/** Steps as listr2 tasks on a terminal, else as plain lines (Terraform prefixes those of a hook with its resource). */
export function openReport(output: NodeJS.WriteStream = process.stdout): Report {
  return output.isTTY ? terminalReport(output) : lineReport((line) => output.write(`${line}\n`));
}

/** Steps as plain lines, one when done, and one for each progress report. */
export function lineReport(write: (line: string) => void): Report {
  return {
    note: write,
    async step(title, work) {
      const start = performance.now();
      const took = () => prettyMs(performance.now() - start);
      try {
        const value = await work((line) => {
          write(`  ${line}`);
        });
        write(`✓ ${title} (${took()})`);
        return value;
      } catch (error) {
        write(`✗ ${title} (${took()})`);
        throw error;
      }
    },
  };
}

function terminalReport(output: NodeJS.WriteStream): Report {
  return {
    note: (line) => output.write(`${line}\n`),
    async step<T>(title: string, work: (progress: (line: string) => void) => Promise<T>) {
      const start = performance.now();
      const result: { value?: T } = {};
      const tasks = new Listr(
        [
          {
            title,
            task: async (_, task) => {
              result.value = await work((line) => (task.output = line));
              task.title = `${title} ${pc.dim(prettyMs(performance.now() - start))}`;
            },
          },
        ],
        // the error is printed once, by the command's handler
        {
          rendererOptions: { showErrorMessage: false, collapseErrors: false },
          // it would end the process at once, also where a command has something to say or to bring back
          registerSignalListeners: process.listenerCount('SIGINT') === 0,
        },
      );
      await tasks.run();
      return result.value as T;
    },
  };
}
