/** The readers of net/ that need libraft. */
import { tellLibraftProgram } from './libraft-program.js';

tellLibraftProgram('raft_message_test');
