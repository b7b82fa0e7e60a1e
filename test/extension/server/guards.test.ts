/** One group of three, formed once, and what its servers refuse by themselves. */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { answers } from './answers.js';
import { roleSettings } from './role-settings.js';
import { ServerGroup } from './server-group.js';

/** One for each kind of commit, on every server (R20). */
const preparedTransactions = () => [
  '--env',
  "PGRAFT_POSTGRES_SETTINGS=shared_buffers = '32MB'\nmax_prepared_transactions = '20'",
];

let formed: ServerGroup | undefined;

function group(): ServerGroup {
  if (formed === undefined) throw new Error('the group was not formed; see the error of beforeAll');
  return formed;
}

beforeAll(async () => {
  formed = await ServerGroup.create(['primary', 'replica1', 'replica2'], preparedTransactions);
  try {
    await formed.form();
  } catch (error) {
    formed.printLogs();
    throw error;
  }
});
afterAll(() => formed?.remove());
beforeEach(() => {
  group().showLogsOnFailure();
});

describe('the settings of a role', () => {
  roleSettings(group);
});
describe('the answer to a commit', () => {
  answers(group);
});
