/** Every benchmark, in the order in which they run. The limits are the project's own promises. */
import type { Benchmark } from '../kit.js';
import { changing } from './changes.js';
import { deploy } from './deploy.js';
import { destroy } from './destroy.js';
import { falseFailover } from './false-failover.js';
import { idle } from './idle.js';
import { imageSize } from './image-size.js';
import { noOp } from './no-op.js';
import { outage } from './outage.js';
import { patroni } from './patroni.js';
import { plan } from './plan.js';
import { sqlFunctions } from './sql-functions.js';
import { start } from './start.js';
import { throughput } from './throughput.js';
import { timeline } from './timeline.js';

export const benchmarks: readonly Benchmark[] = [
  imageSize,
  start,
  deploy(3, 15),
  deploy(5, 20),
  deploy(9, 30),
  noOp,
  plan,
  changing,
  destroy(3),
  destroy(9),
  idle,
  outage,
  patroni,
  timeline,
  falseFailover,
  sqlFunctions,
  throughput,
];
