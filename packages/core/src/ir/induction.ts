import { known } from "../known.js";
import type { Address, Index, Loop, LoopNest, Pointer, Region, Statement } from "./ir.js";
import { accessesOf, insideOf } from "./visit.js";

/*
 * Which addresses of a loop nest move together. Each address is a region's start, or a pointer, plus, for each loop around it,
 * counter times stride; those that have these in common, from the outermost loop inwards, share a pointer. So they form a tree: an
 * `Induction` is what its parent is, moved by one more loop.
 */

export interface Induction {
  readonly parent: Induction | undefined;
  /** Where the tree begins. */
  readonly root: Region | Pointer;
  /** The loop that moves it, and how far each time, in bytes. Undefined at the root. */
  readonly index: Index | undefined;
  readonly step: number;
  /** The local that holds it while its loop runs. */
  local: number | undefined;
}

/** Whether a loop's body is unrolled; then its counter becomes a part of the constant offsets. */
export function isUnrolled(loop: Loop): boolean {
  return loop.unrolled && typeof loop.count === "number";
}

/** Buffers of bytes are addressed by bytes, all others by float32 numbers. */
export function bytesPer({ buffer }: Address): number {
  return buffer.bytes ? 1 : 4;
}

export class Inductions {
  readonly #children = new Map<Induction, Map<Index, Map<number, Induction>>>();
  readonly #roots = new Map<Region | Pointer, Induction>();
  readonly #ofAddress = new Map<Address, Induction>();
  readonly #movedBy = new Map<Index, Induction[]>();
  /** The loops around what is being looked at, outermost first, that are not unrolled. */
  readonly #around: Index[] = [];

  constructor({ body }: LoopNest) {
    this.#statements(body);
  }

  of(address: Address): Induction {
    return known(this.#ofAddress.get(address));
  }

  /** What a loop moves on each time round. */
  movedBy(index: Index): readonly Induction[] {
    return this.#movedBy.get(index) ?? [];
  }

  #statements(body: readonly Statement[]): void {
    for (const statement of body) {
      if (statement.kind === "point") this.#address(statement.address);
      for (const { address } of accessesOf(statement)) this.#address(address);
      const moves = statement.kind === "loop" && !isUnrolled(statement);
      if (moves) this.#around.push(statement.index);
      this.#statements(insideOf(statement));
      if (moves) this.#around.pop();
    }
  }

  #address(address: Address): void {
    if (this.#ofAddress.has(address)) return;
    let induction = this.#root(address.pointer ?? address.buffer.region);
    for (const index of this.#around) {
      let step = 0;
      for (const [moving, stride] of address.terms) if (moving === index) step += stride;
      if (step !== 0) induction = this.#child(induction, index, step * bytesPer(address));
    }
    this.#ofAddress.set(address, induction);
  }

  #root(root: Region | Pointer): Induction {
    return getOrMake(this.#roots, root, () => ({
      parent: undefined,
      root,
      index: undefined,
      step: 0,
      local: undefined,
    }));
  }

  #child(parent: Induction, index: Index, step: number): Induction {
    const ofParent = getOrMake(this.#children, parent, () => new Map<Index, Map<number, Induction>>());
    const ofIndex = getOrMake(ofParent, index, () => new Map<number, Induction>());
    return getOrMake(ofIndex, step, () => {
      const induction: Induction = { parent, root: parent.root, index, step, local: undefined };
      getOrMake(this.#movedBy, index, () => []).push(induction);
      return induction;
    });
  }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
