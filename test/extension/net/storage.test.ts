/** What is told to the files of libraft. */
import { tellLibraftProgram } from './libraft-program.js';

tellLibraftProgram('storage_test');
