/** The safety rules that live in a server, each broken by its own sequence; each test has been seen to fail without its rule. */
import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import { ServerGroup } from '../server-group.js';
import { barrier } from './barrier.js';
import { crash } from './crash.js';
import { electedAgain } from './elected-again.js';
import { fence } from './fence.js';
import { freeze } from './freeze.js';
import { lease } from './lease.js';
import { promotion } from './promotion.js';
import { streams } from './streams.js';
import { walOnDisk } from './wal-on-disk.js';

/** Replay waits for readers for as long as they read. */
const patientReplay = () => [
  '--env',
  "PGRAFT_POSTGRES_SETTINGS=shared_buffers = '32MB'\nmax_standby_streaming_delay = '-1'\nmax_standby_archive_delay = '-1'",
];

describe('three servers', () => {
  const group = formed(async () => {
    const three = await ServerGroup.create(['primary', 'replica1', 'replica2'], patientReplay);
    await three.form();
    return three;
  });
  streams(group);
  freeze(group);
  walOnDisk(group);
  promotion(group);
  crash(group);
  lease(group);
  fence(group);
  barrier(group);
});

describe('one server', () => {
  const group = formed(async () => {
    const one = await ServerGroup.create(['primary']);
    one.primary.configure();
    await one.initialize();
    await one.primary.query('SELECT pgraft_init()');
    return one;
  });
  electedAgain(group);
});

/** One group for all tests of a `describe`. */
function formed(form: () => Promise<ServerGroup>): () => ServerGroup {
  let made: ServerGroup | undefined;
  const group = () => {
    if (made === undefined) throw new Error('the group was not formed; see the error of beforeAll');
    return made;
  };
  beforeAll(async () => {
    made = await form();
  });
  afterAll(() => made?.remove());
  beforeEach(() => {
    group().showLogsOnFailure();
  });
  return group;
}
