/** A Docker engine that can be stopped in the middle of a command: a socket of our own before the real one, which everybody shares and goes on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker } from './shell.js';

export class EngineRelay {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #silent = false;
  #left = Infinity;

  private constructor(
    private readonly directory: string,
    private readonly engine: string,
  ) {}

  static async open(): Promise<EngineRelay> {
    const engine = await docker('context', 'inspect', '--format', '{{.Endpoints.docker.Host}}');
    // short: the path of a socket may have some hundred characters only
    const relay = new EngineRelay(mkdtempSync(join(tmpdir(), 'pgtest-engine-')), engine);
    await relay.restore();
    return relay;
  }

  /** For the environment of a command. */
  get environment(): Record<string, string> {
    return { DOCKER_HOST: `unix://${this.path}` };
  }

  /** Where it listens. */
  get path(): string {
    return join(this.directory, 'docker.sock');
  }

  /** As when the engine is stopped: what was connected is cut off, nobody listens any more. */
  cut(): void {
    this.#left = Infinity;
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As cut(), once so many connections have been made. */
  cutAfter(connections: number): void {
    this.#left = connections;
  }

  /** As when the engine hangs: whoever connects gets no answer. */
  silence(): void {
    this.#silent = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** As when it is there again. */
  async restore(): Promise<void> {
    this.cut();
    this.#silent = false;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#take(socket);
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.path, resolve);
    });
  }

  close(): void {
    this.cut();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #take(client: Socket): void {
    this.#keep(client);
    this.#left -= 1;
    if (this.#left < 0) this.cut();
    if (this.#silent || client.destroyed) return;
    const { protocol, hostname, port, pathname } = new URL(this.engine);
    // one side may end while the other still speaks: so docker exec says that its input is over
    const half = { allowHalfOpen: true };
    const engine =
      protocol === 'unix:'
        ? connect({ path: pathname, ...half })
        : connect({ host: hostname, port: Number(port), ...half });
    this.#keep(engine);
    client.pipe(engine).pipe(client);
    client.once('close', () => engine.destroy());
    engine.once('close', () => client.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
