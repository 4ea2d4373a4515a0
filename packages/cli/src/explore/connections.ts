import type { Socket } from "node:net";

/**
 * The connections of a server, at most so many. When there is one too many, the one on which nothing has come of anything
 * for longest is closed: never the newest, so that however many are held open by someone who neither asks nor reads, a
 * browser that does still gets in.
 */
export class Connections {
  readonly #most: number;
  /** In the order in which something last came of them, which is the order in which a set keeps what is added. */
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

  /** A whole request has come on it, or a piece of an answer has gone. */
  progress(socket: Socket): void {
    if (this.#open.delete(socket)) this.#open.add(socket);
  }
}
