import { beforeEach, describe, expect, it } from 'vitest';
import { InterruptedError } from '../../../scripts/kit/errors.js';
import { configureLines, generateSecrets, raftKeys, type Secrets } from '../../../scripts/kit/secrets.js';
import type { Live } from '../../../scripts/live/open.js';
import { fingerprintOf, rotateKey } from '../../../scripts/steps/rotate-key.js';
import { fakeLive } from './fake-cluster.js';
import { failed, ok, silentReport } from './fakes.js';

const count = 3;
const containers = ['pgraft-primary', 'pgraft-replica1', 'pgraft-replica2'];

/** Servers as image/node/raft-key.sh and core/greeting.c make them, and this machine's file. */
class Keys {
  readonly secrets: Secrets = { ...generateSecrets(), formed: true, members: [1, 2, 3] };
  readonly held = containers.map(() => [this.secrets.raft_key]);
  file: Secrets | undefined = this.secrets;
  /** What every server held, after each change of one of them. */
  readonly history: string[][][] = [];
  readonly misunderstood: string[] = [];
  readonly report = silentReport();
  /** After so many changes of a server or of the file the process is killed. */
  changesLeft = Number.POSITIVE_INFINITY;
  deaf: string | undefined;

  async rotate(options: { generate?: () => string; end?: AbortSignal } = {}) {
    const remembered = this.file !== undefined;
    const secrets = this.file ?? this.#fromServer();
    const save = (saved: Secrets) => {
      this.#change();
      this.file = structuredClone(saved);
    };
    return rotateKey(this.#live(secrets), { report: this.report, remembered, save, ...options });
  }

  /** As recoverSecrets() reads them from the first server. */
  #fromServer(): Secrets {
    const [raft_key = '', former_raft_key] = this.held[0] ?? [];
    return { ...this.secrets, raft_key, former_raft_key, members: [] };
  }

  #change(): void {
    if (this.changesLeft === 0) throw new Error('killed');
    this.changesLeft -= 1;
  }

  #live(secrets: Secrets): Live {
    const { opened } = fakeLive(count, (text, { port }) => {
      if (!text.includes('key_fingerprints')) return undefined;
      return [{ key_fingerprints: this.held[port - 5432]?.map(fingerprintOf) ?? [] }];
    });
    const docker: Live['docker'] = {
      ...opened.docker,
      exec: (container, command, options) => {
        if (command[1] !== 'raft-key') return opened.docker.exec(container, command, options);
        return Promise.resolve(this.#give(container, (options.input ?? '').trimEnd().split('\n')));
      },
    };
    return { ...opened, docker, secrets };
  }

  #give(container: string, keys: string[]) {
    const index = containers.indexOf(container);
    if (container === this.deaf) return failed('it does not answer');
    const [used = ''] = this.held[index] ?? [];
    if (!keys.includes(used) || this.held[index]?.includes(keys[0] ?? '') !== true)
      return failed('the key in use may not go');
    this.#change();
    this.held[index] = keys;
    this.history.push(structuredClone(this.held));
    // the caller would take an error thrown here for one of the server
    this.misunderstood.push(...this.#misunderstandings());
    return ok();
  }

  /** Each server knows the key that each other one challenges with, and so does one that is configured now; all are remembered. */
  expectUnderstanding(): void {
    expect(this.#misunderstandings()).toEqual([]);
    expect(this.misunderstood).toEqual([]);
  }

  #misunderstandings(): string[] {
    const known = this.file === undefined ? undefined : raftKeys(this.file);
    const all = [...this.held, ...(known === undefined ? [] : [known])];
    const strange = all.flatMap((one) => all.filter((other) => !other.includes(one[0] ?? '')));
    const forgotten = this.held.flat().filter((key) => known?.includes(key) === false);
    return [
      ...strange.map((of) => `who has ${of.join()} is a stranger`),
      ...forgotten.map((key) => `${key} is forgotten`),
    ];
  }

  expectOneKey(): string {
    const [[key] = []] = this.held;
    expect(this.held).toEqual(containers.map(() => [key]));
    expect(this.file).toMatchObject({ raft_key: key, formed: true, members: [1, 2, 3] });
    expect(raftKeys(this.file as Secrets)).toEqual([key]);
    return key ?? '';
  }
}

let keys: Keys;
beforeEach(() => {
  keys = new Keys();
});

describe('rotateKey', () => {
  it('leads every server through each step before the next, and ends with one new key', async () => {
    const next = 'b'.repeat(64);
    const former = keys.secrets.raft_key;
    const { fingerprint } = await keys.rotate({ generate: () => next });
    expect(fingerprint).toBe(fingerprintOf(next));
    expect(keys.expectOneKey()).toBe(next);
    const steps = keys.history.map((held) => held.map((of) => of.map((key) => (key === next ? 'new' : 'old')).join()));
    expect(steps[count - 1]).toEqual(['old,new', 'old,new', 'old,new']);
    expect(steps[2 * count - 1]).toEqual(['new,old', 'new,old', 'new,old']);
    expect(steps.at(-1)).toEqual(['new', 'new', 'new']);
    keys.expectUnderstanding();
    expect(keys.report.titles.join('\n')).not.toContain(next);
    expect(keys.report.titles.join('\n')).not.toContain(former);
  });

  it('killed at any moment, leaves servers that understand each other, and the next run ends it', async () => {
    for (let moment = 0; ; moment += 1) {
      keys = new Keys();
      const former = keys.secrets.raft_key;
      keys.changesLeft = moment;
      const ended = await keys.rotate().then(
        () => true,
        () => false,
      );
      keys.expectUnderstanding();
      if (ended) break;
      const wanted = keys.file?.next_raft_key ?? keys.file?.raft_key;
      keys.changesLeft = Number.POSITIVE_INFINITY;
      await keys.rotate();
      const key = keys.expectOneKey();
      expect(key).not.toBe(former);
      if (wanted !== former) expect(key, 'the key of the run that was killed').toBe(wanted);
      expect(moment).toBeLessThan(40);
    }
  });

  it('killed at any moment, and the secrets lost too, ends with a key that is as new', async () => {
    for (let moment = 0; ; moment += 1) {
      keys = new Keys();
      keys.changesLeft = moment;
      const ended = await keys.rotate().then(
        () => true,
        () => false,
      );
      if (ended) break;
      const before = new Set(keys.held.flat());
      keys.file = undefined;
      keys.changesLeft = Number.POSITIVE_INFINITY;
      await keys.rotate();
      expect(before).not.toContain(keys.expectOneKey());
    }
  });

  it('changes nothing when a server does not take the first step, and goes on once it does', async () => {
    keys.deaf = 'pgraft-replica2';
    await expect(keys.rotate()).rejects.toThrow(
      /^pgraft-replica2, pgraft-node raft-key: it does not answer; .*rotate-key again/,
    );
    keys.expectUnderstanding();
    keys.deaf = undefined;
    await keys.rotate();
    expect(keys.expectOneKey()).not.toBe(keys.secrets.raft_key);
  });

  it('refuses when a server uses a key that nobody remembers here', async () => {
    keys.held[1] = ['c'.repeat(64)];
    await expect(keys.rotate()).rejects.toThrow(
      `pgraft-replica1 uses a key (${fingerprintOf('c'.repeat(64))}) that is not remembered here`,
    );
    expect(keys.file).toEqual(keys.secrets);
  });

  it('refuses when a server has none, or does not answer', async () => {
    keys.held[2] = [];
    await expect(keys.rotate()).rejects.toThrow('pgraft-replica2 has no key in use');
    expect(keys.history).toEqual([]);
  });

  it('interrupted, says how things stand', async () => {
    const wish = new AbortController();
    wish.abort(new InterruptedError('SIGINT', 'interrupted'));
    await expect(keys.rotate({ end: wish.signal })).rejects.toThrow('interrupted: ');
    keys.expectUnderstanding();
  });
});

describe('a server that is configured while the key is changed', () => {
  it.each([
    [{ next_raft_key: 'b'.repeat(64) }, ['a', 'b']],
    [{ former_raft_key: 'c'.repeat(64) }, ['a', 'c']],
    [{}, ['a']],
  ])('is told %j', (more, letters) => {
    const secrets = { ...generateSecrets(), raft_key: 'a'.repeat(64), ...more };
    const lines = configureLines(secrets, { initialCluster: 'primary=a:7001', form: false }).split('\n');
    const [first, second] = letters.map((letter) => letter.repeat(64));
    expect(lines).toContain(`raft_key=${first}`);
    expect(lines.filter((line) => line.startsWith('second_raft_key='))).toEqual(
      second === undefined ? [] : [`second_raft_key=${second}`],
    );
  });
});
