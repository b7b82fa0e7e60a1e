import { describe, expect, it } from 'vitest';
import { maximumNodes } from '../../../constructs/topology.js';
import { mostNodes, readClusterFlags } from '../../../setup/cluster-flags.mjs';

const read = (line: string) => readClusterFlags(line.split(' ').filter((word) => word !== ''));

describe('the flags of npx pgraft_cluster', () => {
  it.each([
    ['--docker --init --nodes 3', { action: 'init', nodes: 3 }],
    ['--init --nodes=9', { action: 'init', nodes: 9 }],
    ['--nodes 1 --init', { action: 'init', nodes: 1 }],
    ['--docker --init', { action: 'init', nodes: undefined }],
    ['--docker --status', { action: 'status' }],
    ['--destroy', { action: 'destroy' }],
    ['--destroy --help', { action: 'help' }],
  ])('%s', (line, expected) => {
    expect(read(line)).toEqual(expected);
  });

  it.each([
    ['', 'nothing to do; say --init, --status or --destroy'],
    ['--docker', 'nothing to do'],
    ['--nodes 3', 'nothing to do'],
    ['--init --status', '--init and --status exclude each other'],
    ['--init --status --destroy', '--init and --status and --destroy exclude each other'],
    ['--status --nodes 3', '--nodes belongs to --init, not to --status'],
    ['--destroy --nodes 3', '--nodes belongs to --init, not to --destroy'],
    ['--init --nodes 0', 'choose a whole number from 1 to 9'],
    ['--init --nodes 10', '--nodes "10" is no number of servers'],
    ['--init --nodes 2.5', '--nodes "2.5" is no number of servers'],
    ['--init --nodes three', '--nodes "three" is no number of servers'],
    ['--init --nodes=', '--nodes "" is no number of servers'],
    ['--init --nodes=-3', '--nodes "-3" is no number of servers'],
    ['--init --nodes', "Option '--nodes <value>' argument missing; see npx pgraft_cluster --help"],
    ['--init --bogus', "Unknown option '--bogus'; see npx pgraft_cluster --help"],
    ['status', "Unexpected argument 'status'; see npx pgraft_cluster --help"],
    ['--init=3', "Option '--init' does not take an argument"],
  ])('"%s" is refused', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it('allows as many servers as the settings do', () => {
    expect(mostNodes).toBe(maximumNodes);
  });
});
