import type { Address, Expression, Index, Loop, Nest, Pointer, Region, Statement } from "./nest.js";

/*
 * Which addresses of a nest move together. Each address is a region's start, or a pointer, plus, for each loop around it,
 * counter times stride; those that have these in common, from the outermost loop inwards, share a pointer. So they form a tree: a
 * `Place` is what its parent is, moved by one more loop.
 */

export interface Place {
  readonly parent: Place | undefined;
  /** Where the tree begins. */
  readonly root: Region | Pointer;
  /** The loop that moves it, and how far each time, in bytes. Undefined at the root. */
  readonly index: Index | undefined;
  readonly step: number;
  /** The local that holds it while its loop runs. */
  local: number | undefined;
}

/** Whether a loop's body is written out; then its counter becomes a part of the constant offsets. */
export function isWrittenOut(loop: Loop): boolean {
  return loop.unrolled && typeof loop.count === "number";
}

/** Buffers of bytes are addressed by bytes, all others by float32 numbers. */
export function bytesPer({ buffer }: Address): number {
  return buffer.bytes ? 1 : 4;
}

export class Places {
  readonly #children = new Map<Place, Map<Index, Map<number, Place>>>();
  readonly #roots = new Map<Region | Pointer, Place>();
  readonly #ofAddress = new Map<Address, Place>();
  readonly #movedBy = new Map<Index, Place[]>();
  /** The loops around what is being looked at, outermost first, that are not written out. */
  readonly #around: Index[] = [];

  constructor({ body }: Nest) {
    this.#statements(body);
  }

  of(address: Address): Place {
    return this.#ofAddress.get(address) as Place;
  }

  /** What a loop moves on each time round. */
  movedBy(index: Index): readonly Place[] {
    return this.#movedBy.get(index) ?? [];
  }

  #statements(body: readonly Statement[]): void {
    for (const statement of body) {
      switch (statement.kind) {
        case "loop": {
          if (typeof statement.count === "object") this.#address(statement.count.table);
          const real = !isWrittenOut(statement);
          if (real) this.#around.push(statement.index);
          this.#statements(statement.body);
          if (real) this.#around.pop();
          break;
        }
        case "point":
          this.#address(statement.address);
          this.#address(statement.table);
          break;
        case "set":
          this.#expression(statement.value);
          break;
        case "store":
        case "storeLane":
          this.#address(statement.address);
          this.#expression(statement.value);
      }
    }
  }

  #expression(expression: Expression): void {
    switch (expression.kind) {
      case "load":
      case "splat":
        this.#address(expression.address);
        break;
      case "bytes":
        for (const address of expression.addresses) this.#address(address);
        break;
      case "unary":
        this.#expression(expression.a);
        break;
      case "binary":
      case "shuffle":
        this.#expression(expression.a);
        this.#expression(expression.b);
        break;
      case "madd":
        this.#expression(expression.a);
        this.#expression(expression.b);
        this.#expression(expression.c);
        break;
      case "select":
        this.#expression(expression.mask);
        this.#expression(expression.a);
        this.#expression(expression.b);
    }
  }

  #address(address: Address): void {
    if (this.#ofAddress.has(address)) return;
    let place = this.#root(address.pointer ?? address.buffer.region);
    for (const index of this.#around) {
      let step = 0;
      for (const [moving, stride] of address.terms) if (moving === index) step += stride;
      if (step !== 0) place = this.#child(place, index, step * bytesPer(address));
    }
    this.#ofAddress.set(address, place);
  }

  #root(root: Region | Pointer): Place {
    return getOrMake(this.#roots, root, () => ({
      parent: undefined,
      root,
      index: undefined,
      step: 0,
      local: undefined,
    }));
  }

  #child(parent: Place, index: Index, step: number): Place {
    const ofParent = getOrMake(this.#children, parent, () => new Map<Index, Map<number, Place>>());
    const ofIndex = getOrMake(ofParent, index, () => new Map<number, Place>());
    return getOrMake(ofIndex, step, () => {
      const place: Place = { parent, root: parent.root, index, step, local: undefined };
      getOrMake(this.#movedBy, index, () => [] as Place[]).push(place);
      return place;
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
