import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../constructs/topology.js';
import { parseSettings } from '../../../constructs/settings.js';
import { bootstrapTitles } from '../../../scripts/steps/bootstrap-titles.js';
import { initLines, progressIn, provenBy } from '../../../scripts/steps/init-page.js';
import { pageCommands, pageOutput, translated } from '../../cluster/pages/page.js';

const page = readFileSync(join(import.meta.dirname, '../../cluster/pages/cluster-script.md'), 'utf8');
const cluster = (nodes: number) => clusterTopology(parseSettings({ context: { nodes } }));
const hook = (text: string) => `cluster  \x1b[1mterraform_data.join (local-exec):\x1b[0m \x1b[0m${text}`;

describe('the lines of --init', () => {
  it('are those of the page', () => {
    const lines = initLines(cluster(3)).map(({ text }) => `✓ ${text}`);
    expect(lines.join('\n')).toBe(pageOutput(page, 'Usage > Initialize a 3-Node Cluster'));
  });

  it.each([
    [1, '1 primary + 0 replicas'],
    [2, '1 primary + 1 replica '],
    [9, '1 primary + 8 replicas'],
  ])('fit %i servers', (nodes, words) => {
    const lines = initLines(cluster(nodes));
    expect(lines[0]?.text).toContain(words);
    expect(lines).toHaveLength(5 + nodes);
  });

  it.each([
    ['docker_image.node: Creation complete after 0s [id=sha256:83]', ['image']],
    ['docker_network.network: Creation complete after 1s [id=93]', ['network', 'image']],
    [hook(`✓ ${bootstrapTitles.first('pgraft-primary')} (3.4s)`), ['network', 'image', 'primary']],
    [hook(`✓ ${bootstrapTitles.others} (2.8s)`), ['network', 'image', 'primary', 'replica1', 'replica2']],
    [hook(`✓ ${bootstrapTitles.leader} (32ms)`), ['network', 'image', 'primary', 'replica1', 'replica2', 'election']],
    [hook(`✗ ${bootstrapTitles.leader} (60s)`), []],
    [hook(`  waiting for pgraft-primary to accept connections (1s): ${bootstrapTitles.leader}`), []],
    ['docker_network.network: Creating...', []],
    ['', []],
  ])('come true by what cdktf prints: %j', (line, expected) => {
    expect(provenBy(line, cluster(3))).toEqual(expected);
  });

  it('tell what is waited for', () => {
    expect(progressIn(hook('  waiting for the Raft group (5s): no leader'))).toBe(
      'waiting for the Raft group (5s): no leader',
    );
    expect(progressIn('image  docker_image.node: Still creating... [10s elapsed]')).toBe('image node: 10s');
    expect(progressIn('image  docker_image.node: Still creating... [id=x, 00m20s elapsed]')).toBe('image node: 00m20s');
    expect(progressIn('anything else')).toBeUndefined();
  });
});

describe('the copy of the page', () => {
  const text = [
    '## One',
    '```bash',
    '# a comment',
    'first -c "',
    'two lines;',
    '"',
    '',
    'second  ',
    '```',
    '### Inner',
    '```',
    'printed',
    '```',
    '## Two',
    '1. item:',
    '   ```sql',
    '   SELECT 1;',
    '   ```',
  ].join('\n');

  it('is read command by command, in order', () => {
    expect(pageCommands(text, ['One', 'Two'])).toEqual([
      { place: 'One', command: 'first -c "\ntwo lines;\n"' },
      { place: 'One', command: 'second' },
      { place: 'Two', command: 'SELECT 1;' },
    ]);
    expect(pageCommands(text, ['Two'])).toHaveLength(1);
    expect(pageOutput(text, 'One > Inner')).toBe('printed');
  });

  it('is run under the names and ports of the test', () => {
    const there = { prefix: 'pgtest-1', ports: { postgres: 17900, raft: 17940 } };
    expect(translated('./pgraft_cluster.py --docker --status', there)).toBe('npx pgraft_cluster --docker --status');
    expect(translated('docker network connect pgraft-network pgraft-replica2', there)).toBe(
      'docker network connect pgtest-1-network pgtest-1-replica2',
    );
    expect(translated("netstat -an | grep -E '5432|5434|7001|7003'", there, false)).toBe(
      "ss -an | grep -E '17900|17902|17940|17942'",
    );
    expect(translated('SELECT pgraft_is_leader();', there)).toBe('SELECT pgraft_is_leader();');
  });
});
