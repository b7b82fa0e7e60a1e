/** What `cdktf` runs: settings in, two stacks out. */
import { App } from 'cdktf';
import { ClusterStack } from './constructs/cluster-stack.js';
import { ImageStack } from './constructs/image-stack.js';
import { loadSettings } from './constructs/load-settings.js';
import { type ClusterSettings, SettingsError } from './constructs/settings.js';

const root = import.meta.dirname;

const settings = readSettings();
if (settings !== undefined) synthesize(settings);

function synthesize(settings: ClusterSettings): void {
  const app = new App({ stackTraces: false });
  const image = new ImageStack(app, 'image', { settings, root });
  const cluster = new ClusterStack(app, 'cluster', { settings, root, image: image.tag });
  cluster.addDependency(image);
  app.synth();
}

/** The settings; undefined, with the mistakes printed and the exit status set, when they are wrong. */
function readSettings(): ClusterSettings | undefined {
  try {
    return loadSettings(root);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const mistake of error.mistakes) console.error(mistake);
    process.exitCode = 1;
    return undefined;
  }
}
