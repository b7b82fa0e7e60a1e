/** What the stacks set of Docker's resources, against the table of what the real provider makes of each attribute. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Block, resources, synthesize, type Template } from './synthesize.js';

const table = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../provider/internal/provider/attributes.json'), 'utf8'),
) as { readonly attributes: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
const listed = Object.entries(table.attributes)
  .flatMap(([kind, rows]) => Object.keys(rows).map((name) => `${kind}.${name}`))
  .sort();
const blocks = new Set(listed.flatMap((name) => (name.split('.').length > 2 ? [name.replace(/\.\w+$/, '')] : [])));

/** Terraform's own, which no provider sees. */
const metaArguments = new Set(['//', 'depends_on', 'lifecycle', 'provider', 'provisioner']);

/** Every attribute that some setting makes the stacks set. */
const set = settingsOfEveryKind()
  .flatMap((context) => {
    const { image, cluster } = synthesize(context);
    return [...attributesOf(image), ...attributesOf(cluster)];
  })
  .filter((name, index, all) => all.indexOf(name) === index)
  .sort();

function settingsOfEveryKind(): Block[] {
  return [
    {},
    { dockerProvider: 'embedded' },
    {
      nodes: 9,
      memory: 512,
      protectData: true,
      bindAddress: '0.0.0.0',
      postgresSettings: { work_mem: '8MB', max_connections: 50 },
    },
  ];
}

function attributesOf({ resource }: Template): string[] {
  const kinds = Object.keys(resource).filter((kind) => kind.startsWith('docker_'));
  return kinds.flatMap((kind) =>
    Object.values(resources({ resource } as Template, kind)).flatMap((block) => attributesIn(kind, block)),
  );
}

/** Names such as `docker_container.ports.ip`; a value that is a block by the table is looked into. */
function attributesIn(path: string, block: Block): string[] {
  return Object.entries(block)
    .filter(([name, value]) => !metaArguments.has(name) && value !== undefined)
    .flatMap(([name, value]) => {
      const inner = `${path}.${name}`;
      const isBlock = blocks.has(inner) || (Array.isArray(value) && value.some((item) => typeof item === 'object'));
      if (!isBlock) return [inner];
      return (Array.isArray(value) ? value : [value]).flatMap((item) => attributesIn(inner, item as Block));
    });
}

describe('the table of the embedded provider', () => {
  it('has every attribute that the stacks set', () => {
    expect(set.filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('has no attribute that no stack sets', () => {
    expect(listed.filter((name) => !set.includes(name))).toEqual([]);
  });
});
