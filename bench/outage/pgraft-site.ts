/** Three servers of ours. */
import { messageOf } from '../../scripts/kit/errors.js';
import { lineReport } from '../../scripts/kit/report.js';
import { switchover } from '../../scripts/steps/switchover.js';
import { application, FaultCluster, type FaultServer } from '../../test/faults/fault-cluster.js';
import { openScripts, type Scripts } from '../../test/faults/scripts-on.js';
import { verify, whole } from '../../test/faults/verify.js';
import { WriteLoad } from '../../test/support/write-load.js';
import { clients, patience, staleSentence, type Damage, type Site } from './site.js';

const nodes = 3;
const deadline = 60_000;
/** Of a switchover. */
const attempts = 5;
const silently = lineReport(() => undefined);

export class PgraftSite implements Site {
  readonly deadline = deadline;

  private constructor(
    private readonly cluster: FaultCluster,
    private readonly scripts: Scripts,
    readonly load: WriteLoad,
    readonly label: string | undefined,
  ) {}

  /** @param label where it is one of several */
  static async form(label?: string): Promise<PgraftSite> {
    const cluster = await FaultCluster.form(nodes);
    try {
      await whole(cluster, deadline);
      const { endpoints } = cluster;
      const load = await WriteLoad.begin({ endpoints, login: application, clients, patience });
      return new PgraftSite(cluster, openScripts(cluster), load, label);
    } catch (error) {
      cluster.remove();
      throw error;
    }
  }

  get network(): string {
    return this.cluster.network;
  }

  get servers(): readonly FaultServer[] {
    return this.cluster.servers;
  }

  async primary(): Promise<FaultServer> {
    return this.cluster.primary();
  }

  async streaming(): Promise<void> {
    await whole(this.cluster, deadline);
  }

  async whole(): Promise<void> {
    await this.streaming();
  }

  /** `npm run switchover`; asked again when it changed nothing, as when a busy machine keeps the servers from telling how they are. */
  async switchover(): Promise<void> {
    for (let left = attempts; ; left -= 1) {
      try {
        await switchover(this.scripts.live, { report: silently });
        return;
      } catch (error) {
        if (left === 1 || !messageOf(error).includes('nothing was changed')) throw error;
        console.error(`  ${messageOf(error)}; again`);
      }
    }
  }

  /** @throws Error when servers do not serve again, so that nothing can be said about their rows */
  async damage(): Promise<Damage> {
    const { lost, stale, stuck } = await verify(this.cluster, this.load, deadline);
    if (stuck !== undefined) throw new Error(`not every server serves at the end: ${stuck}`);
    return { lost, stale: stale.map(staleSentence) };
  }

  async remove(): Promise<void> {
    await this.load.end();
    this.scripts.close();
    this.cluster.remove();
  }
}
