/** The check of a plan against what a deploy did has to find each kind of lie. */
import { describe, expect, it } from 'vitest';
import { untruths, type ContainerEvent, type Happened, type Moment } from '../../support/plan-truth.js';
import { deployed, plannedFrom } from './worlds.js';

const names = ['primary', 'replica1', 'replica2'].map((name) => `pgraft-${name}`);

function moment(generation: string, more: Partial<Moment> = {}): Moment {
  return {
    containers: new Map(names.map((name) => [name, { id: `${name} ${generation}`, runningSince: generation }])),
    volumes: new Map(names.map((name) => [`${name}-data`, 'first'])),
    primary: 'pgraft-primary',
    promotion: 1,
    voters: 3,
    ...more,
  };
}

function replacing(...containers: readonly string[]): ContainerEvent[] {
  return containers.flatMap((container) => ['die', 'start'].map((action) => ({ action, container })));
}

const roll = plannedFrom({ ...deployed, image: 'postgres-pgraft:17-f5e4d3c2b1a0' });
const rolled: Happened = {
  before: moment('old'),
  after: moment('new', { primary: 'pgraft-replica1', promotion: 2 }),
  events: replacing('pgraft-replica2', 'pgraft-replica1', 'pgraft-primary'),
  gap: 50,
};
const idle: Happened = { before: moment('old'), after: moment('old'), events: [], gap: 5 };

describe('what came of a plan', () => {
  it('is what it said', () => {
    expect(untruths(roll, rolled)).toEqual([]);
    expect(untruths(plannedFrom(deployed), idle)).toEqual([]);
  });

  it.each([
    ['a server that was not replaced', { after: moment('old', { primary: 'pgraft-replica1' }) }, /planned "replaced"/],
    ['a volume that is gone', { after: { ...rolled.after, volumes: new Map<string, string>() } }, /planned "kept"/],
    ['a voter that is missing', { after: { ...rolled.after, voters: 2 } }, /voters after: said 3, was 2/],
    ['a leader that has stayed', { after: moment('new') }, /moves: yes/],
    [
      'two servers at once',
      { events: [{ action: 'die', container: 'pgraft-replica1' }, ...rolled.events] },
      /2 were out of service/,
    ],
    [
      'the primary first',
      { events: replacing('pgraft-primary', 'pgraft-replica1', 'pgraft-replica2') },
      /went pgraft-primary, pgraft-replica1/,
    ],
    ['writes that waited longer', { gap: 30_000 }, /for 30000 ms no write/],
  ] as const)('is not what it said: %s', (_what, happened, told) => {
    expect(untruths(roll, { ...rolled, ...happened }).join('\n')).toMatch(told);
  });

  it('is not what it said: a restart that nobody planned', () => {
    const restarted = { ...idle, after: moment('new'), events: replacing('pgraft-replica1') };
    expect(untruths(plannedFrom(deployed), restarted).join('\n')).toMatch(/pgraft-replica1: "die" was not planned/);
  });
});
