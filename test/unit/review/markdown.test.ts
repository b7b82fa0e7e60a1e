import { describe, expect, it } from 'vitest';
import { UserError } from '../../../scripts/kit/errors.js';
import { changesOnly } from '../../../scripts/kit/terraform-plan.js';
import { errorMarkdown, reviewMarkdown } from '../../../scripts/review/markdown.js';
import { readPlan } from '../../../scripts/review/terraform-plan.js';
import { deployed, plannedFrom } from './worlds.js';

describe('a comment', () => {
  it('stays below 60 kB however long the plans are, and says how much is missing', () => {
    const line = `      + name = "${'ä'.repeat(40)}"\n`;
    const raw = ['image', 'cluster'].map((stack) => ({ stack, text: line.repeat(3_000) }));
    const text = reviewMarkdown(plannedFrom({ ...deployed, nodes: 9 }), raw);
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    expect(Buffer.byteLength(text)).toBeGreaterThan(40_000);
    expect(text).toMatch(/… \d+ more lines: npm run plan shows them/);
    expect(text.match(/<details>/g)).toHaveLength(2);
    expect(text.match(/<\/details>/g)).toHaveLength(2);
  });

  it('is not broken by what users write into their settings', () => {
    const postgresSettings = { max_connections: '100', 'app.note': 'a | b ```` c' };
    const text = reviewMarkdown(plannedFrom({ ...deployed, postgresSettings }), [
      { stack: 'cluster', text: 'x\n`````\ny' },
    ]);
    expect(text).toContain('a \\| b');
    expect(text).toContain('\n``````text\nx\n`````\ny\n``````\n');
  });

  it('tells an error of any length', () => {
    expect(Buffer.byteLength(errorMarkdown('pgraft', 'wrong\n'.repeat(50_000)))).toBeLessThan(60_000);
  });

  it('begins with what an earlier one is found by', () => {
    expect(reviewMarkdown(plannedFrom(deployed), [])).toMatch(/^<!-- pgraft-plan: pgraft -->\n/);
    expect(errorMarkdown('shop', 'wrong')).toMatch(/^<!-- pgraft-plan: shop -->\n/);
  });
});

describe('what Terraform prints', () => {
  it('is cut to the changes', () => {
    const text = [
      'docker_network.network: Refreshing state... [id=b7c1]',
      '',
      'Terraform will perform the following actions:',
      '  # docker_container.primary will be created',
      '─────────────────────────────────────────────────────────────────────────────',
      'Saved the plan to: tfplan',
    ].join('\n');
    expect(changesOnly(text)).toBe(
      'Terraform will perform the following actions:\n  # docker_container.primary will be created',
    );
  });

  it.each(['', 'not JSON', '{"format_version": "2.0"}', '[]'])('is refused when it is no plan: %j', (json) => {
    expect(() => readPlan(json)).toThrow(UserError);
  });
});
