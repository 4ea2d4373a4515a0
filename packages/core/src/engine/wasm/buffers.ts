import { allocateMemory, PAGE } from "./jobs.js";
import type { Code } from "./pool.js";

/** Gives a buffer of at least so many bytes, all zero. */
export type Allocate = (bytes: number) => ArrayBuffer | SharedArrayBuffer;

/** Buffers for one piece of work, to be given back when it is done. */
export interface Lease {
  readonly allocate: Allocate;
  end(): void;
}

/**
 * Shared buffers that are used again and again. A buffer that was sent to workers is free only when each of them has
 * collected its garbage, which they do when they run short themselves, not when others do: gigabytes would pile up.
 */
export class SharedBuffers {
  /** By their size, a power of two: what isn't touched of them takes no memory. */
  readonly #free = new Map<number, SharedArrayBuffer[]>();

  lease(): Lease {
    const taken: SharedArrayBuffer[] = [];
    return {
      allocate: (bytes) => {
        const size = 2 ** Math.ceil(Math.log2(Math.max(bytes, 8)));
        const used = this.#free.get(size)?.pop();
        if (used) new Uint8Array(used, 0, bytes).fill(0);
        const buffer = used ?? new SharedArrayBuffer(size);
        taken.push(buffer);
        return buffer;
      },
      end: () => {
        for (const buffer of taken.splice(0)) {
          const free = this.#free.get(buffer.byteLength) ?? [];
          this.#free.set(buffer.byteLength, free);
          free.push(buffer);
        }
      },
    };
  }
}

/**
 * The memory of programs that are no longer needed, for the same reason: the next one gets it. Programs of many sizes would
 * each leave one behind, so a memory is made larger than it must be, and only the largest is kept.
 */
export class SharedMemories {
  #spare: WebAssembly.Memory | undefined;

  /** One of at least so many pages, all zero. */
  take(code: Code): WebAssembly.Memory {
    const spare = this.#spare;
    if (spare !== undefined && spare.buffer.byteLength >= code.pages * PAGE) {
      this.#spare = undefined;
      return spare;
    }
    try {
      return allocateMemory({ ...code, pages: 2 ** Math.ceil(Math.log2(code.pages)) }, true);
    } catch {
      return allocateMemory(code, true);
    }
  }

  /** @param code what has run in it, which is all that has been written to */
  giveBack(memory: WebAssembly.Memory, { pages }: Code): void {
    if (this.#spare !== undefined && this.#spare.buffer.byteLength >= memory.buffer.byteLength) return;
    new Uint8Array(memory.buffer, 0, pages * PAGE).fill(0);
    this.#spare = memory;
  }
}
