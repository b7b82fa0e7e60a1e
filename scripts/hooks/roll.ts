/** Roll, before a server's container is replaced, in a cluster that goes on: one at a time, never the majority. */
import { main } from '../kit/command.js';
import { roll } from '../steps/roll.js';

await main(async () => roll(process.env));
