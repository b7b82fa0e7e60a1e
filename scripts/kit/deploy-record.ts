/** What of a cluster was in Docker, unknown to Terraform, when its last deploy began: what is unknown beside that, that deploy has made. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from './errors.js';
import { clusterDirectory, writePrivateFile } from './places.js';

const schema = z.object({ strangers: z.array(z.string()) });

export interface DeployRecord {
  /** Docker's ids; undefined before the first deploy. @throws UserError when the file is damaged */
  read(): readonly string[] | undefined;
  write(strangers: readonly string[]): void;
  /** The cluster is torn down. */
  forget(): void;
}

export function openDeployRecord(prefix: string, directory = clusterDirectory(prefix)): DeployRecord {
  const path = join(directory, 'strangers.json');
  return {
    read() {
      if (!existsSync(path)) return undefined;
      try {
        return schema.parse(JSON.parse(readFileSync(path, 'utf8'))).strangers;
      } catch {
        throw new UserError(
          `${path} is damaged; remove it: containers of a killed deploy are then named, and not removed`,
        );
      }
    },
    write(strangers) {
      writePrivateFile(path, `${JSON.stringify({ strangers })}\n`);
    },
    forget() {
      rmSync(path, { force: true });
    },
  };
}
