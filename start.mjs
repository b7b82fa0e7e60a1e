/**
 * `npm start`: sets up what is missing, then goes on in scripts/start.ts. Plain Node without dependencies, since it works before
 * `npm ci` ever has; a wrong argument is refused before anything is set up.
 */
import { setUp } from './setup/set-up.mjs';

const [argument, ...more] = process.argv.slice(2);
const help = more.length === 0 && (argument === '--help' || argument === '-h');

if (help) {
  console.log(
    'Usage: npm start\n\nBring the cluster up: create what is missing, start what was stopped, and show the status.',
  );
} else if (argument !== undefined) {
  const value = argument.length <= 63 ? argument : `${argument.slice(0, 63)}…`;
  console.error(
    `error: npm start takes no argument, and was given ${JSON.stringify(value)}; settings stand in cdktf.json or PGRAFT_* variables`,
  );
  process.exitCode = 1;
} else {
  process.exitCode = setUp(import.meta.dirname, 1);
  if (process.exitCode === 0) {
    // only now are the packages sure to be there
    const { register } = await import('tsx/esm/api');
    register();
    await import('./scripts/start.ts');
  }
}
