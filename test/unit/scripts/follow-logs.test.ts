import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogs } from '../../../scripts/live/follow-logs.js';
import { eventually } from '../../support/eventually.js';

const at = (second: number) => `2026-01-02T03:04:0${second}.000000000Z`;

/** A docker that gives the log of a container which ends, and, when asked again, that of its next run. */
const fakeDocker = `#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *--since*) printf '%s\\n' '${at(2)} two' '${at(3)} three'; exec sleep 60 ;;
  *gone*) echo 'Error: No such container: gone' >&2; exit 1 ;;
  *) printf '%s\\n' '${at(1)} one' '${at(2)} two' ;;
esac
`;

describe('readLogs', () => {
  const path = process.env['PATH'] ?? '';
  let directory: string;
  let heard: string[];
  const read = async (container: string, reading: Parameters<typeof readLogs>[1]) =>
    readLogs({ name: 'replica1', container }, reading, ({ text }) => heard.push(text));

  beforeEach(() => {
    heard = [];
    directory = mkdtempSync(join(tmpdir(), 'pgraft-logs-'));
    writeFileSync(join(directory, 'docker'), fakeDocker);
    chmodSync(join(directory, 'docker'), 0o755);
    process.env['PATH'] = `${directory}:${path}`;
    process.env['CALLS'] = join(directory, 'calls');
  });
  afterEach(() => {
    process.env['PATH'] = path;
    delete process.env['CALLS'];
    rmSync(directory, { recursive: true });
  });

  it('ends with what there is', async () => {
    await read('server', {});
    expect(heard).toEqual(['one', 'two']);
  });

  it('follows a server that stopped and was started again, without repeating a line, until it is asked to stop', async () => {
    const controller = new AbortController();
    const following = read('server', { until: controller.signal });
    await eventually(
      'the line of the next run',
      () => heard,
      (lines) => lines.includes('three'),
      5_000,
    );
    controller.abort();
    await following;
    expect(heard).toEqual(['one', 'two', 'three']);
  });

  it('says once that there is no such container', async () => {
    const controller = new AbortController();
    writeFileSync(join(directory, 'calls'), '');
    const following = read('gone', { until: controller.signal });
    const calls = () => readFileSync(join(directory, 'calls'), 'utf8').split('\n').length - 1;
    await eventually('a third question', calls, (count) => count >= 3, 10_000);
    controller.abort();
    await following;
    expect(heard).toEqual(['Error: No such container: gone']);
  });
});
