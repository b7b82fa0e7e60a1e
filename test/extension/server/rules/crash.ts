import { expect, it } from 'vitest';
import { eventually } from '../../../support/eventually.js';
import { RecordedSession } from '../recorded-session.js';
import { data, type ServerGroup } from '../server-group.js';
import { serving } from '../serving.js';

const autoConf = `${data}/postgresql.auto.conf`;

/** R8: every start goes through the entry point, in recovery. */
export function crash(group: () => ServerGroup): void {
  it('R8: a killed session ends its server, which comes back in recovery and only a new promotion makes it a primary', async () => {
    const { primary } = await serving(group(), 30_000);
    primary.exec(['sh', '-c', `cat >>${autoConf}`], "restart_after_crash = 'on'\n");
    primary.sql('SELECT pg_reload_conf()');
    const { promotion_term } = await primary.status();
    const session = await RecordedSession.open(primary);
    const logged = primary.log().length;
    const since = () => primary.log().slice(logged);

    primary.exec(['kill', '-9', String(session.pid)]);
    await eventually('a new postmaster in recovery', since, (log) => log.includes('entering standby mode'), 20_000);
    expect(since()).toContain('shutting down because "restart_after_crash" is off');
    expect(since()).not.toContain('reinitializing');
    const after = await serving(group(), 40_000);
    expect((await after.primary.status()).promotion_term).toBeGreaterThan(promotion_term ?? 0);

    primary.exec(['sed', '-i', '/restart_after_crash/d', autoConf]);
    await session.end();
  });
}
