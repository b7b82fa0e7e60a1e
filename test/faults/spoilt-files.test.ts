/** The most telling rows of the table of spoilt files; all of it with `npm run test:faults -- damage`. */
import { describe } from 'vitest';
import { playDamages } from './damage/damaged-standby.js';
import { raftDamages } from './damage/raft-damages.js';
import { volumeDamages } from './damage/volume-damages.js';

describe("a standby's spoilt file:", () => {
  playDamages([...raftDamages, ...volumeDamages].filter(({ telling }) => telling));
});
