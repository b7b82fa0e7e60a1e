/**
 * What Terraform runs: `node scripts/hooks/run.mjs <hook>`.
 *
 * Plain JavaScript: a teardown of nine servers starts eighteen Leaves and Rolls at once, on few cores, only to find out that
 * there is nothing to do. What compiles and does the work of a hook is loaded for those that have work.
 */
import { ancestorTerraform, isTearingDown } from '../kit/processes.mjs';

const [hook = ''] = process.argv.slice(2);
const ofOneServer = ['leave', 'roll'];

if (ofOneServer.includes(hook) && isTearingDown(ancestorTerraform())) {
  console.log('nothing to do: the cluster is torn down');
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import(`./${hook}.ts`);
}
