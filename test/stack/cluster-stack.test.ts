import { describe, expect, it } from 'vitest';
import { type Block, resources, synthesize } from './synthesize.js';

const names = ['primary', ...Array.from({ length: 8 }, (_, index) => `replica${index + 1}`)];

describe('the cluster stack with default settings', () => {
  const { cluster, image, dependencies } = synthesize();
  const containers = resources(cluster, 'docker_container');

  it('has the names and ports of the reference page', () => {
    const published = Object.values(containers).map(({ name, hostname, ports }) => ({ name, hostname, ports }));
    const port = (internal: number, external: number) => ({ internal, external, ip: '127.0.0.1', protocol: 'tcp' });
    expect(published).toEqual([
      { name: 'pgraft-primary', hostname: 'pgraft-primary', ports: [port(5432, 5432), port(7001, 7001)] },
      { name: 'pgraft-replica1', hostname: 'pgraft-replica1', ports: [port(5432, 5433), port(7002, 7002)] },
      { name: 'pgraft-replica2', hostname: 'pgraft-replica2', ports: [port(5432, 5434), port(7003, 7003)] },
    ]);
    expect(Object.values(resources(cluster, 'docker_network')).map(({ name }) => name)).toEqual(['pgraft-network']);
    expect(Object.values(resources(cluster, 'docker_volume')).map(({ name }) => name)).toEqual([
      'pgraft-primary-data',
      'pgraft-replica1-data',
      'pgraft-replica2-data',
    ]);
  });

  it('declares a container with exactly what both providers serve', () => {
    expect({ ...containers['primary'], '//': undefined }).toEqual({
      name: 'pgraft-primary',
      hostname: 'pgraft-primary',
      image: expect.stringMatching(/^postgres-pgraft:17-[0-9a-f]{12}$/) as string,
      env: [
        'PGRAFT_NODE_ID=1',
        'PGRAFT_NAME=primary',
        'PGRAFT_LISTEN_ADDRESS=0.0.0.0:7001',
        'PGRAFT_ADVERTISE_ADDRESS=pgraft-primary:7001',
        'PGRAFT_POSTGRES_SETTINGS=',
      ],
      restart: 'unless-stopped',
      must_run: false,
      stop_timeout: 60,
      destroy_grace_seconds: 60,
      shm_size: 256,
      log_driver: 'json-file',
      log_opts: { 'max-size': '10m', 'max-file': '3' },
      labels: [
        { label: 'pgraft.cluster', value: 'pgraft' },
        { label: 'pgraft.node', value: '1' },
        { label: 'pgraft.definition', value: expect.stringMatching(/^[0-9a-f]{12}$/) as string },
      ],
      ports: [
        { internal: 5432, external: 5432, ip: '127.0.0.1', protocol: 'tcp' },
        { internal: 7001, external: 7001, ip: '127.0.0.1', protocol: 'tcp' },
      ],
      networks_advanced: [{ name: '${docker_network.network.name}', aliases: ['pgraft'] }],
      volumes: [{ volume_name: '${docker_volume.primary_data.name}', container_path: '/var/lib/postgresql' }],
    });
  });

  it('runs the image that the other stack builds, and comes after it', () => {
    const [built] = Object.values(resources(image, 'docker_image'));
    expect(built).toMatchObject({
      keep_locally: true,
      build: { context: '/project/image', dockerfile: 'Dockerfile', tag: ['postgres-pgraft:17'] },
    });
    for (const container of Object.values(containers)) expect(container['image']).toBe(built?.['name']);
    expect(cluster.resource).not.toHaveProperty('docker_image');
    expect(dependencies).toEqual({ image: [], cluster: ['image'] });
  });

  it('gives addresses without passwords', () => {
    expect(cluster.output).toEqual({
      read_write: {
        value:
          'postgresql://app@127.0.0.1:5432,127.0.0.1:5433,127.0.0.1:5434/app?target_session_attrs=read-write&connect_timeout=2',
      },
      read_only: {
        value:
          'postgresql://app@127.0.0.1:5432,127.0.0.1:5433,127.0.0.1:5434/app?target_session_attrs=prefer-standby&connect_timeout=2',
      },
      nodes: {
        value: {
          primary: { id: 1, container: 'pgraft-primary', postgres_port: 5432, raft_port: 7001 },
          replica1: { id: 2, container: 'pgraft-replica1', postgres_port: 5433, raft_port: 7002 },
          replica2: { id: 3, container: 'pgraft-replica2', postgres_port: 5434, raft_port: 7003 },
        },
      },
    });
  });

  it('holds no secret', () => {
    expect(cluster.text).not.toMatch(/password|secret|raft_key|pgpass/i);
  });

  it('keeps each state in the project, apart by prefix and stack', () => {
    expect(cluster.terraform['backend']).toEqual({
      local: { path: '/project/.pgraft/pgraft/terraform.cluster.tfstate' },
    });
    expect(image.terraform['backend']).toEqual({ local: { path: '/project/.pgraft/pgraft/terraform.image.tfstate' } });
  });
});

describe('the cluster stack', () => {
  it.each([1, 3, 5])('declares the first %i servers as a cluster of nine does', (nodes) => {
    const few = synthesize({ nodes }).cluster;
    const nine = synthesize({ nodes: 9 }).cluster;
    expect(Object.keys(resources(few, 'docker_container'))).toEqual(names.slice(0, nodes));
    for (const name of names.slice(0, nodes)) {
      const volume = `${name}_data`;
      expect(source(few, 'docker_container', name)).toBe(source(nine, 'docker_container', name));
      expect(source(few, 'docker_volume', volume)).toBe(source(nine, 'docker_volume', volume));
    }
  });

  it('names everything by the prefix, so that two clusters fit on one machine', () => {
    const { cluster } = synthesize({ prefix: 'demo', postgresPort: 6001, raftPort: 8001 });
    expect(cluster.text).not.toMatch(/pgraft-(primary|replica|network)/);
    expect(cluster.terraform['backend']).toEqual({
      local: { path: '/project/.pgraft/demo/terraform.cluster.tfstate' },
    });
    expect(resources(cluster, 'docker_container')['replica2']).toMatchObject({
      name: 'demo-replica2',
      ports: [{ external: 6003 }, { internal: 8003, external: 8003 }],
      networks_advanced: [{ aliases: ['demo'] }],
    });
  });

  it('changes a label when a memory limit comes or goes, and not when it changes: Docker cannot lift one in place', () => {
    const labels = (context: Readonly<Record<string, unknown>>) =>
      resources(synthesize(context).cluster, 'docker_container')['primary']?.['labels'];
    expect(labels({ memory: 512 })).toEqual(labels({ memory: 1024 }));
    expect(labels({ memory: 512 })).not.toEqual(labels({}));
  });

  it('sets memory and swap together, or neither', () => {
    const limited = resources(synthesize({ memory: 512 }).cluster, 'docker_container')['primary'];
    expect(limited).toMatchObject({ memory: 512, memory_swap: 512 });
  });

  it('publishes on the address that the settings give', () => {
    const container = resources(synthesize({ bindAddress: '0.0.0.0' }).cluster, 'docker_container')['primary'];
    expect(container).toMatchObject({ ports: [{ ip: '0.0.0.0' }, { ip: '0.0.0.0' }] });
  });

  it('hands PostgreSQL settings over as they are: Terraform sees no template in them', () => {
    const postgresSettings = { log_line_prefix: '%m %{x} ${y}', jit_provider: '%{x}', shared_buffers: '64MB' };
    const { cluster } = synthesize({ postgresSettings });
    const environment = resources(cluster, 'docker_container')['primary']?.['env'];
    expect(environment).toContain("PGRAFT_POSTGRES_SETTINGS=jit_provider = '%%{x}'\nshared_buffers = '64MB'");
    const join = resources(cluster, 'terraform_data')['join'];
    expect(join?.['triggers_replace']).toMatchObject({ settings: "log_line_prefix = '%m %%{x} $${y}'" });
  });

  it('replaces no container for a setting that a reload can take, and only join', () => {
    const of = (postgresSettings: Readonly<Record<string, string>>) => synthesize({ postgresSettings }).cluster;
    const [none, work, shared] = [of({}), of({ work_mem: '8MB' }), of({ shared_buffers: '64MB' })];
    expect(resources(work, 'docker_container')).toEqual(resources(none, 'docker_container'));
    expect(resources(shared, 'docker_container')).not.toEqual(resources(none, 'docker_container'));
    const triggers = (template: typeof none, hook: string) =>
      resources(template, 'terraform_data')[hook]?.['triggers_replace'];
    expect(triggers(work, 'join')).not.toEqual(triggers(none, 'join'));
    expect(triggers(shared, 'join')).toEqual(triggers(none, 'join'));
    for (const hook of ['leave1', 'roll1', 'check1']) expect(triggers(work, hook)).toEqual(triggers(none, hook));
  });

  it('labels a container with the hash of what replaces it, and tells the hooks', () => {
    const hashes = (context: Readonly<Record<string, unknown>>) => {
      const { cluster } = synthesize(context);
      const labels = Object.values(resources(cluster, 'docker_container')).map(
        (one) =>
          (one['labels'] as { label: string; value: string }[]).find(({ label }) => label === 'pgraft.definition')
            ?.value,
      );
      const [provisioner] = resources(cluster, 'terraform_data')['roll1']?.['provisioner'] as {
        'local-exec': { environment: Record<string, string> };
      }[];
      const told = JSON.parse(provisioner?.['local-exec'].environment['PGRAFT_HOOK_CLUSTER'] ?? '') as {
        definitions: Record<string, string>;
      };
      expect(Object.values(told.definitions)).toEqual(labels);
      return labels;
    };
    const three = hashes({});
    expect(new Set(three).size).toBe(3);
    expect(hashes({ nodes: 4 }).slice(0, 3)).toEqual(three);
    expect(hashes({ memory: 512 })).toEqual(hashes({ memory: 1024 }));
    for (const context of [{ postgresPort: 6001 }, { postgresSettings: { shared_buffers: '64MB' } }, { memory: 512 }]) {
      expect(hashes(context)).not.toEqual(three);
    }
  });

  it('protects the volumes where the settings say so', () => {
    const lifecycles = (protectData: boolean) =>
      Object.values(resources(synthesize({ protectData }).cluster, 'docker_volume')).map(({ lifecycle }) => lifecycle);
    expect(lifecycles(true)).toEqual(Array(3).fill({ ignore_changes: ['labels'], prevent_destroy: true }));
    expect(lifecycles(false)).toEqual(Array(3).fill({ ignore_changes: ['labels'] }));
  });

  it('depends on the Docker provider in nothing but its source and version', () => {
    const registry = synthesize({ dockerProvider: 'registry' });
    const embedded = synthesize({ dockerProvider: 'embedded' });
    for (const stack of ['image', 'cluster'] as const) {
      expect(registry[stack].terraform['required_providers']).toEqual({
        docker: { source: 'kreuzwerker/docker', version: '3.9.0' },
      });
      expect(embedded[stack].terraform['required_providers']).toEqual({
        docker: { source: 'pgraft.local/embedded/docker', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string },
      });
      const withoutProvider = (block: Block) => ({ ...block, required_providers: undefined });
      expect(withoutProvider(embedded[stack].terraform)).toEqual(withoutProvider(registry[stack].terraform));
      expect(embedded[stack].resource).toEqual(registry[stack].resource);
    }
  });
});

/** A resource exactly as it stands in the file. */
function source(template: ReturnType<typeof synthesize>['cluster'], type: string, name: string): string {
  const block = resources(template, type)[name];
  if (block === undefined) throw new Error(`${type}.${name} is not declared`);
  return JSON.stringify(block);
}
