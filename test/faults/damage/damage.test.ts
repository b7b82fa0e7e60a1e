/** Every file of a standby's volume, spoilt: what its users see, and how it is mended. Runs when asked for: `npm run test:faults -- damage`. */
import { describe } from 'vitest';
import { playDamages } from './damaged-standby.js';
import { raftDamages } from './raft-damages.js';
import { volumeDamages } from './volume-damages.js';

describe("a standby's spoilt file:", () => {
  playDamages([...raftDamages, ...volumeDamages]);
});
