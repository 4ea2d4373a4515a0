import type { Socket } from "node:net";

/**
 * The connections of a server, at most so many. If there is one more, the one that has been idle longest is closed, and
 * never the newest: so a browser still gets in if somebody holds many connections open without using them.
 */
export class Connections {
  readonly #most: number;
  /** Longest idle first: a connection that is used is added anew, and a set keeps the order of adding. */
  readonly #open = new Set<Socket>();

  constructor(most: number) {
    this.#most = most;
  }

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    if (this.#open.size <= this.#most) return;
    const [idle] = this.#open;
    this.#open.delete(idle);
    idle.destroy();
  }

  /** To be called when a whole request has come, or a piece of an answer was sent. */
  progress(socket: Socket): void {
    if (this.#open.delete(socket)) this.#open.add(socket);
  }
}
