/** Whether Terraform can download providers here. */
import http from 'node:http';
import https from 'node:https';

const milliseconds = 5000;

/** The public service-discovery document of each program's registry. */
const discovery = {
  terraform: 'https://registry.terraform.io/.well-known/terraform.json',
  tofu: 'https://registry.opentofu.org/.well-known/terraform.json',
};

/**
 * @param {string} program terraform or tofu
 * @param {Record<string, string | undefined>} environment
 * @returns {Promise<{ reachable: true } | { reachable: false, why: string }>}
 */
export async function registryReachable(program, environment = process.env) {
  const address = program.endsWith('tofu') ? discovery.tofu : discovery.terraform;
  const proxy = environment['HTTPS_PROXY'] || environment['https_proxy'];
  try {
    const status = proxy ? await statusThroughProxy(address, proxy) : await statusOf(address);
    return status === 200 ? { reachable: true } : { reachable: false, why: `it answered with status ${status}` };
  } catch (error) {
    return { reachable: false, why: /** @type {Error} */ (error).message };
  }
}

/**
 * @param {string} address
 * @param {import('node:https').RequestOptions & { socket?: import('node:stream').Duplex }} options
 * @returns {Promise<number>}
 */
export function statusOf(address, options = {}) {
  const client = address.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const request = client.get(address, { ...options, timeout: milliseconds }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${milliseconds / 1000} s`)));
    request.on('error', reject);
  });
}

/**
 * Terraform goes through the proxy, so the question has to as well.
 *
 * @param {string} address @param {string} proxy
 * @returns {Promise<number>}
 */
function statusThroughProxy(address, proxy) {
  const { hostname } = new URL(address);
  const { hostname: host, port, username, password } = new URL(proxy);
  const headers = username
    ? {
        'Proxy-Authorization': `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`,
      }
    : {};
  return new Promise((resolve, reject) => {
    const connect = http.request({
      method: 'CONNECT',
      host,
      port: port || 80,
      path: `${hostname}:443`,
      headers,
      timeout: milliseconds,
    });
    connect.on('connect', (response, socket) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        reject(new Error(`the proxy answered with status ${response.statusCode}`));
        return;
      }
      statusOf(address, { socket, agent: false }).then(resolve, reject);
    });
    connect.on('timeout', () => connect.destroy(new Error(`no answer from the proxy within ${milliseconds / 1000} s`)));
    connect.on('error', reject);
    connect.end();
  });
}
