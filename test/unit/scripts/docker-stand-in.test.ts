import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { withDockerStandIn } from '../../../scripts/kit/docker-stand-in.js';

async function status(socketPath: string, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}

describe('what stands in for a Docker engine that is out of reach', () => {
  it('answers a ping and nothing else, and is gone afterwards', async () => {
    const socket = await withDockerStandIn(async (env) => {
      const path = (env['DOCKER_HOST'] ?? '').replace(/^unix:\/\//, '');
      expect(await status(path, '/_ping')).toBe(200);
      expect(await status(path, '/v1.41/_ping')).toBe(200);
      expect(await status(path, '/v1.41/containers/json')).toBe(503);
      return path;
    });
    expect(existsSync(socket)).toBe(false);
  });

  it('is gone also when the work fails', async () => {
    let socket = '';
    const failing = withDockerStandIn((env) => {
      socket = (env['DOCKER_HOST'] ?? '').replace(/^unix:\/\//, '');
      return Promise.reject(new Error('no plan'));
    });
    await expect(failing).rejects.toThrow('no plan');
    expect(existsSync(socket)).toBe(false);
  });
});
