import type { Address, Buffer, Index, Loop, LoopNest, Statement } from "../../ir/ir.js";
import { movedStatement } from "../../ir/move.js";
import type { View } from "../block.js";
import { TUNING } from "./tuning.js";

/*
 * From a block of 8 images to a whole batch. Each vector of a block, the same cell of four images, becomes a row of as many
 * vectors as there are groups of 8 images: images stay innermost, and neighbouring groups lie side by side. So a kernel for
 * a block becomes one for a batch by nothing but other strides and one more parallel loop, over the groups.
 *
 * Image n of a batch lies where n = half * (N / 2) + 4 * group + lane.
 */

/** The kernels and buffers of a batch of `groups` times 8 images. */
export class Batch {
  readonly groups: number;
  /** How many of the groups' loop are innermost, neighbours of each other. */
  readonly #inner: number;
  readonly #buffers = new Map<Buffer, Buffer>();

  constructor(groups: number) {
    this.groups = groups;
    this.#inner = lanesOf(groups);
  }

  /** How many images. */
  get size(): number {
    return 8 * this.groups;
  }

  /** How many vectors each cell has. */
  get vectors(): number {
    return 2 * this.groups;
  }

  /** A buffer of blocks, with room for all groups. */
  buffer(buffer: Buffer): Buffer {
    if (buffer.region !== "workspace") return buffer;
    let wide = this.#buffers.get(buffer);
    if (wide === undefined) {
      wide = { ...buffer, offset: buffer.offset * this.groups, size: buffer.size * this.groups };
      this.#buffers.set(buffer, wide);
    }
    return wide;
  }

  /** The same for a view: vector v of a cell lies 4 v numbers after its start, and the next cell of a row `size` after it. */
  view(view: View): View {
    const { groups } = this;
    return {
      ...view,
      buffer: this.buffer(view.buffer),
      start: view.start * groups,
      windowStart: view.windowStart * groups,
      plane: view.plane * groups,
      row: view.row * groups,
    };
  }

  /** A kernel for a block as one for the batch. */
  kernel({ name, body }: LoopNest): LoopNest {
    const outer: Index = { name: "groups" };
    const inner: Index = { name: "group" };
    const terms = [[outer, 4 * this.#inner] as const, [inner, 4] as const];
    const widened = body.map((statement) =>
      movedStatement(statement, (address) => this.#address(address, terms)),
    );
    const loop = (index: Index, count: number, inside: readonly Statement[]): Loop => ({
      kind: "loop",
      index,
      count,
      unrolled: false,
      parallel: true,
      body: inside,
    });
    /** Puts the groups' inner loop inside all parallel loops. */
    const innermost = (statements: readonly Statement[]): readonly Statement[] => {
      const [only] = statements;
      if (statements.length === 1 && only.kind === "loop" && only.parallel)
        return [{ ...only, body: innermost(only.body) }];
      return [loop(inner, this.#inner, statements)];
    };
    const around = (statements: readonly Statement[]): Statement =>
      loop(outer, this.groups / this.#inner, innermost(statements));
    const isRowOfLoops = widened.every((statement) => statement.kind === "loop" && statement.parallel);
    return { name, body: isRowOfLoops ? widened.map((one) => around([one])) : [around(widened)] };
  }

  #address(address: Address, terms: readonly Term[]): Address {
    if (address.buffer.region !== "workspace") return address;
    const { groups } = this;
    const lane = address.offset % 4;
    if (address.terms.some(([, stride]) => stride % 4 !== 0)) {
      throw new Error(`${address.buffer.name}: only whole vectors of a block have a place in a batch`);
    }
    return {
      ...address,
      buffer: this.buffer(address.buffer),
      offset: (address.offset - lane) * groups + lane,
      terms: [...address.terms.map(([index, stride]): Term => [index, stride * groups]), ...terms],
    };
  }
}

type Term = readonly [Index, number];

/** The largest number of lanes that groups can be split into evenly; all, if that would be few. */
function lanesOf(groups: number): number {
  for (let lanes = Math.min(TUNING.lanes, groups); lanes >= 8; lanes--)
    if (groups % lanes === 0) return lanes;
  return groups;
}

/** A kernel whose loop as long as a parameter says is so many rounds long, all at the same time. */
export function ofLength({ name, body }: LoopNest, rounds: number): LoopNest {
  const loop = body.at(-1);
  if (loop?.kind !== "loop" || loop.count !== "parameter") throw new Error(`${name} is as long as it is`);
  // what is worked out before the loop is worked out in each of its rounds
  const inside = [...body.slice(0, -1), ...loop.body];
  return { name, body: [{ ...loop, count: rounds, parallel: true, unrolled: false, body: inside }] };
}

/** Kernels that don't need each other, as one. */
export const together = (name: string, nests: readonly LoopNest[]): LoopNest => ({
  name,
  body: nests.flatMap(({ body }) => body),
});
