/** Which messages come to libraft, and which would be its end. */
import { tellLibraftProgram } from './libraft-program.js';

tellLibraftProgram('io_messages_test');
