import type { Server } from './server-group.js';
import { eventually } from '../../support/eventually.js';

/** A group in which nobody confirms anything: the WAL receivers stand still, while Raft, and so the lease, lives on. */
export class StoppedReceivers {
  private readonly stopped: { server: Server; pid: string }[] = [];

  static at(standbys: readonly Server[]): StoppedReceivers {
    const receivers = new StoppedReceivers();
    for (const server of standbys) receivers.stop(server);
    return receivers;
  }

  private stop(server: Server): void {
    const pid = server.exec(['pgrep', '-f', 'postgres: .*walreceiver']).trim();
    server.exec(['kill', '-STOP', pid]);
    this.stopped.push({ server, pid });
  }

  resume(): void {
    for (const { server, pid } of this.stopped.splice(0)) server.attempt(['kill', '-CONT', pid]);
  }
}

/** Wait until all of these sessions wait for a standby to confirm. */
export async function confirmationAwaited(primary: Server, pids: readonly number[]): Promise<void> {
  const waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = ANY($1)";
  await eventually(
    `${pids.length} sessions to wait for a standby`,
    () => primary.value(waiting, [pids]),
    (count) => count === pids.length,
    5_000,
  );
}
