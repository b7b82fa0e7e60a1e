/** Synthesizes both stacks in a directory of their own and reads what Terraform would get. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import { parseSettings } from '../../constructs/settings.js';
import { declareStacks } from '../../constructs/stacks.js';

/** A block of Terraform's JSON syntax. */
export type Block = Readonly<Record<string, unknown>>;

export interface Template {
  /** The file as text. */
  readonly text: string;
  readonly terraform: Block;
  readonly output: Readonly<Record<string, { value: unknown }>>;
  readonly resource: Readonly<Record<string, Readonly<Record<string, Block>>>>;
}

export interface Synthesized {
  readonly image: Template;
  readonly cluster: Template;
  /** Ids of the stacks on which each stack depends. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** The project's directory that the templates name. */
  readonly root: string;
}

/**
 * What the settings `context` (as in cdktf.json) synthesize to, over an image of one file.
 *
 * @param prepare puts into the project's directory what else is to be found there
 */
export function synthesize(context: Block = {}, prepare: (root: string) => void = () => undefined): Synthesized {
  const root = mkdtempSync(join(tmpdir(), 'pgraft-stack-'));
  try {
    mkdirSync(join(root, 'image'));
    writeFileSync(join(root, 'image', 'Dockerfile'), 'FROM scratch\n');
    prepare(root);
    const outdir = join(root, 'cdktf.out');
    const app = new App({ stackTraces: false, skipValidation: true, outdir });
    declareStacks(app, parseSettings({ context }), root);
    app.synth();
    const read = (path: string) => readFileSync(join(outdir, path), 'utf8').replaceAll(root, '/project');
    const { stacks } = JSON.parse(read('manifest.json')) as { stacks: Record<string, { dependencies: string[] }> };
    return {
      image: template(read('stacks/image/cdk.tf.json')),
      cluster: template(read('stacks/cluster/cdk.tf.json')),
      dependencies: Object.fromEntries(Object.entries(stacks).map(([id, stack]) => [id, stack.dependencies])),
      root: '/project',
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The resources of one type, by their names. */
export function resources(template: Template, type: string): Readonly<Record<string, Block>> {
  return template.resource[type] ?? {};
}

function template(text: string): Template {
  return { ...(JSON.parse(text) as Omit<Template, 'text'>), text };
}
