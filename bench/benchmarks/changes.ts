/** How long a running cluster takes to be changed by changing its code, and what its clients notice. */
import { dockerLines } from '../../test/support/shell.js';
import { WrittenCluster } from '../../test/support/written-cluster.js';
import { changes, contextOf, first, type Change, type Declared } from '../changes/cases.js';
import { Images } from '../changes/image.js';
import { chooseCases } from '../choose.js';
import type { Benchmark, Series } from '../kit.js';
import { clients, patience } from '../outage/site.js';
import { tell } from '../outage/damage.js';

interface Measured {
  readonly seconds: number;
  /** Milliseconds without an acknowledgement, at most. */
  readonly gap: number;
  readonly lost: number;
}

export const changing: Benchmark = {
  name: 'changes',
  about: `cdktf deploy '*' of changed code, ${clients} clients writing`,
  runs: 5,
  cases: changes.map(({ name }) => name),
  async measure({ runs, only, signal }) {
    const chosen = chooseCases(changes, only);
    const cluster = await WrittenCluster.open(contextOf(first), { clients, patience });
    const images = new Images(cluster.project.directory);
    try {
      const site = new ChangingSite(cluster, images);
      const measured = new Map<Change, Measured[]>(chosen.map((change) => [change, []]));
      for (let run = 1; run <= runs; run += 1) {
        for (const change of chosen) {
          signal.throwIfAborted();
          const one = await site.measure(change);
          console.error(
            `  ${run}: ${change.what}: ${one.seconds.toFixed(1)} s, gap ${one.gap.toFixed(0)} ms, ${one.lost} lost`,
          );
          measured.get(change)?.push(one);
        }
      }
      return [...measured].flatMap(([change, values]) => seriesOf(change, values));
    } finally {
      await cluster.close();
      await images.remove();
    }
  },
};

class ChangingSite {
  #declared = first;

  constructor(
    private readonly cluster: WrittenCluster,
    private readonly images: Images,
  ) {}

  async measure(change: Change): Promise<Measured> {
    const { cluster } = this;
    if (this.#declared.nodes !== change.nodes) {
      await this.#declare({ nodes: change.nodes });
      await cluster.change(contextOf(this.#declared));
    }
    const before = await this.#containers();
    await this.#declare(change.to(this.#declared));
    const { milliseconds, gap } = await cluster.change(contextOf(this.#declared));
    await this.#expectHealthy();
    checkContainers(change, before, await this.#containers());
    const missing = await cluster.missing();
    tell(missing);
    return { seconds: milliseconds / 1000, gap, lost: missing.length };
  }

  async #declare(changed: Partial<Declared>): Promise<void> {
    const declared = { ...this.#declared, ...changed };
    if (declared.image !== this.#declared.image) await this.images.declare(declared.image);
    this.#declared = declared;
  }

  async #expectHealthy(): Promise<void> {
    const status = await this.cluster.project.npm('status');
    if (status.status !== 0) throw new Error(`the cluster is not healthy after the deploy:\n${status.output}`);
  }

  /** By name, the id of each. */
  async #containers(): Promise<Map<string, string>> {
    const filter = ['--filter', `label=pgraft.cluster=${this.cluster.project.prefix}`];
    const lines = await dockerLines('ps', '--all', '--no-trunc', ...filter, '--format', '{{.Names}} {{.ID}}');
    return new Map(lines.map((line) => line.split(' ') as [string, string]));
  }
}

/** @throws Error when something else was measured than what was meant */
function checkContainers({ what, keeps }: Change, before: Map<string, string>, after: Map<string, string>): void {
  const both = [...before].filter(([name]) => after.has(name));
  const wrong = both.filter(([name, id]) => (after.get(name) === id) !== (keeps ?? false)).map(([name]) => name);
  if (wrong.length === 0) return;
  throw new Error(`${what}: ${wrong.join(', ')} ${keeps === true ? 'were replaced' : 'were not replaced'}`);
}

function seriesOf({ what, limit, gap }: Change, measured: readonly Measured[]): Series[] {
  return [
    { what, unit: 's', values: measured.map(({ seconds }) => seconds), ...(limit !== undefined && { limit }) },
    {
      ...{ what: `${what}: longest time without a write`, unit: 'ms', values: measured.map((one) => one.gap) },
      ...(gap !== undefined && { limit: gap }),
    },
    { what: `${what}: acknowledged rows lost`, unit: 'rows', limit: 0, values: measured.map(({ lost }) => lost) },
  ];
}
