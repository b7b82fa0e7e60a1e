/** One group of three, formed once: first what leaves it as it is, then what stops, kills and cuts off its servers. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { forming } from './forming.js';
import { keyFile } from './key-file.js';
import { leadership } from './leadership.js';
import { ServerGroup } from './server-group.js';
import { sqlFunctions } from './sql-functions.js';
import { strangers } from './strangers.js';
import { survival } from './survival.js';

let formed: ServerGroup | undefined;

function group(): ServerGroup {
  if (formed === undefined) throw new Error('the group was not formed; see the error of beforeAll');
  return formed;
}

beforeAll(async () => {
  const started = Date.now();
  formed = await ServerGroup.create(['primary', 'replica1', 'replica2']);
  try {
    await formed.form();
  } catch (error) {
    formed.printLogs();
    throw error;
  }
  console.info(`three servers formed: ${Date.now() - started} ms`);
});
afterAll(() => formed?.remove());
beforeEach(() => {
  group().showLogsOnFailure();
});

forming(group);
sqlFunctions(group);
strangers(group);
keyFile(group);
leadership(group);
survival(group);
