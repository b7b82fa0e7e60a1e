/** Leave, before a server's container goes for good, in a cluster that goes on: the member leaves the group first. */
import { main } from '../kit/command.js';
import { leave } from '../steps/leave.js';

await main(async () => leave(process.env));
