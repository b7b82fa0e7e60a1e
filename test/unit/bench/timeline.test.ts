import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readFailover, series, typical, type Failover, type Marks } from '../../../bench/timeline/failover.js';
import { readLog } from '../../../bench/timeline/log-lines.js';
import { page } from '../../../bench/timeline/page.js';
import { picture } from '../../../bench/timeline/picture.js';
import { steps } from '../../../bench/timeline/steps.js';

/** What two servers wrote when the third, their primary in term 1, was killed, before servers noticed closed links. */
const output = (name: string) => readFileSync(new URL(`failover/${name}.txt`, import.meta.url), 'utf8');
const at = (time: string) => Date.parse(`2026-11-22T11:34:${time}Z`);
const marks: Marks = {
  called: at('45.861'),
  killed: at('45.890'),
  lastAcknowledged: at('45.884'),
  firstAcknowledged: at('47.612'),
};
const replica1 = { name: 'replica1', node: 2, lines: readLog(output('replica1')) };
const replica2 = { name: 'replica2', node: 3, lines: readLog(output('replica2')) };
const failover = readFailover([replica1, replica2], marks, 1);

function when(by: string, what: string): number | undefined {
  return failover.moments.find((moment) => moment.by === by && moment.what === what)?.at;
}

describe('readLog', () => {
  it("reads the server's time, not Docker's, and who is connected", () => {
    const line =
      '2026-11-22T11:34:47.608171479Z 2026-11-22 11:34:47.607 UTC [359] pgraft_replication@[unknown] LOG:  standby "x"';
    expect(readLog(line)).toEqual([{ at: at('47.607'), severity: 'LOG', text: 'standby "x"' }]);
    expect(readLog('2026-11-22 11:34:47.607 UTC [359] FATAL:  terminating')).toEqual([
      { at: at('47.607'), severity: 'FATAL', text: 'terminating' },
    ]);
  });

  it('leaves out what has no time of its own', () => {
    expect(readLog('\t\tThis probably means the server terminated abnormally\n\npgraft-node: starts\n')).toEqual([]);
  });
});

describe('readFailover', () => {
  it('says who has won, in which term, and for how long nobody could write', () => {
    expect(failover).toMatchObject({ term: 2, terms: 1, gap: 1728 });
    const winner = failover.moments.find(({ by }) => by === 'new primary');
    expect(winner?.server).toBe('replica2');
  });

  it.each([
    ['docker', 'kill is called', -23],
    ['docker', 'has sent the signal', 6],
    ['new primary', 'sees its WAL stream closed', 2],
    ['other standby', 'sees its WAL stream closed', 3],
    ['other standby', 'asks for pre-votes', 1191],
    ['new primary', 'asks for pre-votes', 1512],
    ['new primary', 'stands for election: the new term', 1514],
    ['other standby', 'votes', 1521],
    ['new primary', 'leads', 1523],
    ['new primary', 'is frozen', 1521],
    ['other standby', 'is frozen', 1538],
    ['new primary', 'has a report', 1538],
    ['new primary', 'has its intent committed', 1539],
    ['new primary', 'begins to promote', 1560],
    ['new primary', 'is promoted', 1627],
    ['new primary', 'has its record committed', 1639],
    ['new primary', 'has its synchronous setting in force, accepts commits', 1655],
    ['other standby', 'learns of the record', 1651],
    ['other standby', 'has its new primary_conninfo', 1668],
    // of the new timeline: it has streamed the old one before
    ['new primary', 'has its first standby', 1723],
    ['client', 'has its first acknowledged write', 1728],
  ])('%s %s at %i ms', (by, what, milliseconds) => {
    expect(when(by, what)).toBe(milliseconds);
  });

  it('orders the moments by time, and invents none that no log has', () => {
    const seen = failover.moments.flatMap((moment) => moment.at ?? []);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    const missing = failover.moments.slice(seen.length).map(({ by, what }) => `${by} ${what}`);
    expect(missing.sort()).toEqual([
      'new primary sees its link to the leader closed',
      'new primary takes the leader for dead',
      'other standby sees its link to the leader closed',
      'other standby takes the leader for dead',
    ]);
  });

  it('knows what detection says', () => {
    const line = (text: string) => `2026-11-22 11:34:45.888 UTC [250] LOG:  pgraft: ${text}\n`;
    const detecting =
      line('the link to the leader, node 1, was closed') +
      line('node 1, the leader, is taken for dead: connection refused (0 ms after its link was closed)');
    const lines = [...readLog(detecting), ...replica1.lines];
    const { moments } = readFailover([{ ...replica1, lines }, replica2], marks, 1);
    const early = moments.filter((moment) => moment.at === 4).map(({ by, what }) => `${by} ${what}`);
    expect(early).toEqual([
      'other standby sees its link to the leader closed',
      'other standby takes the leader for dead',
    ]);
  });

  it('takes nothing that was logged before the kill', () => {
    const late = { ...marks, called: at('47.300'), killed: undefined };
    const { moments } = readFailover([replica1, replica2], late, 1);
    expect(moments.find(({ what }) => what === 'sees its WAL stream closed')?.at).toBeUndefined();
    expect(moments.find(({ what }) => what === 'has sent the signal')?.at).toBeUndefined();
  });

  it('refuses logs in which nobody is promoted', () => {
    expect(() => readFailover([replica1], marks, 1)).toThrow('after term 1: nobody was promoted');
    expect(() => readFailover([replica1, replica2], marks, 2)).toThrow('after term 2: nobody was promoted');
  });
});

describe('of several failovers', () => {
  const others = [1500, 2000, 9000].map((gap): Failover => ({ ...failover, gap, moments: [] }));

  it('the one of median length is shown', () => {
    expect(typical([failover, ...others.slice(0, 2)])).toBe(failover);
    expect(typical([...others, failover]).gap).toBe(1728);
    expect(() => typical([])).toThrow('there was no failover');
  });

  it('each moment has the values of those that had it', () => {
    const [leads] = series(failover, [failover, failover, ...others]).filter(({ what }) => what.endsWith(' leads'));
    expect(leads).toEqual({ what: 'new primary leads', values: [1523, 1523] });
    expect(series(failover, [failover]).some(({ what }) => what.includes('for dead'))).toBe(false);
  });
});

describe('the page', () => {
  const text = page(failover, 5);

  it('has a line for each moment, with the time since the one before', () => {
    expect(text).toContain('One failover of 5, that of median length: 1728 ms without a write, one election, term 2.');
    expect(text).toMatch(/\| +1560 \| +21 \| new primary \(replica2\) +\| begins to promote /);
  });

  it('has no negative zero, in the picture neither', () => {
    const moment = { what: 'leads', by: 'new primary', server: 'a', at: -0.4 } as const;
    const early = { ...failover, moments: [moment] };
    expect(page(early, 1)).toMatch(/\| +0 \| +- \| new primary \(a\) \| leads /);
    expect(picture(early)).toContain('>0</text>');
  });

  it('says what was not seen', () => {
    expect(text).toMatch(/\| not seen \| +- \| other standby \(replica1\) \| takes the leader for dead /);
  });
});

describe('the picture', () => {
  const svg = picture(failover);

  it('has a bar for each moment that was seen, and no other', () => {
    const seen = failover.moments.filter((moment) => moment.at !== undefined);
    expect(svg.match(/<rect [^>]*rx="2"/g)).toHaveLength(seen.length);
    expect(svg).toContain('other standby (replica1) votes');
    expect(svg).not.toContain('for dead');
  });

  it('is well-formed: elements end, and text is escaped', () => {
    const strange = { ...failover, moments: [{ what: 'a<b & "c"', by: 'client', server: 's>', at: 1 } as const] };
    expect(picture(strange)).toContain('client (s&gt;) a&lt;b &amp; &quot;c&quot;');
    expect(svg.match(/<text /g)?.length).toBe(svg.match(/<\/text>/g)?.length);
    expect(svg.endsWith('</svg>\n')).toBe(true);
  });

  it('gives the longest wait the longest bar', () => {
    const bars = [...svg.matchAll(/<rect x="[\d.]+" y="\d+" width="([\d.]+)" [^>]*rx="2"/g)].map(([, wide]) =>
      Number(wide),
    );
    const index = bars.indexOf(Math.max(...bars));
    expect(failover.moments[index]?.what).toBe('asks for pre-votes');
  });
});

describe('the steps', () => {
  it('have names of their own', () => {
    const names = steps.flatMap(({ what, by }) => by.map((actor) => `${actor} ${what}`));
    expect(new Set(names).size).toBe(names.length);
  });
});
