import type { Address, Buffer, Index, LoopNest } from "../ir/ir.js";
import { movedStatement } from "../ir/move.js";

/*
 * A convolution in groups is several convolutions side by side, each of some channels with filters of its own. The kernels of
 * one group are made as if there were no other; then one more loop goes around them, which moves everything on by a group.
 */

/** Numbers that lie channel after channel, in planes. */
interface Planes {
  readonly buffer: Buffer;
  readonly shape: readonly [channels: number, height: number, width: number];
  readonly plane: number;
}

/** What a kernel sees of a buffer, and how far the next group's part lies from it, in numbers. */
interface Share {
  readonly whole: Buffer;
  readonly step: number;
}

/** The first of so many groups: what it sees of the layer's numbers. From its kernel follows that of all. */
export class FirstGroup {
  readonly #groups: number;
  readonly #shares = new Map<Buffer, Share>();

  constructor(groups: number) {
    this.#groups = groups;
  }

  /** Its part of numbers that lie group after group. */
  numbers(whole: Buffer): Buffer;
  numbers(whole: Buffer | undefined): Buffer | undefined;
  numbers(whole: Buffer | undefined): Buffer | undefined {
    if (whole === undefined) return undefined;
    const step = whole.size / this.#groups;
    const part = { ...whole, size: step };
    this.#shares.set(part, { whole, step });
    return part;
  }

  /** Its channels. */
  channels<View extends Planes>(view: View): View {
    const [channels, height, width] = view.shape;
    const own = channels / this.#groups;
    this.#shares.set(view.buffer, { whole: view.buffer, step: own * view.plane });
    return { ...view, shape: [own, height, width] };
  }

  /** The kernel of all groups. Other buffers, such as tables, are read by all alike. */
  all({ name, body }: LoopNest): LoopNest {
    const index: Index = { name: "g" };
    const move = (address: Address): Address => {
      const share = this.#shares.get(address.buffer);
      if (!share) return address;
      // what is counted from a pointer moves with it
      const terms = address.pointer ? address.terms : [[index, share.step] as const, ...address.terms];
      return { ...address, buffer: share.whole, terms };
    };
    const moved = body.map((statement) => movedStatement(statement, move));
    return { name, body: [{ kind: "loop", index, count: this.#groups, unrolled: false, body: moved }] };
  }
}
