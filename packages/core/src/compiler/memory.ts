import type { Buffer, Region } from "../ir/ir.js";
import { BLOCK, type View } from "./block.js";

/** Whole numbers that a kernel reads, or the bits of others. */
export interface Table {
  readonly buffer: Buffer;
  readonly values: readonly number[];
}

/** Gives out stretches of one region, one after the other, each on a line of the cache of its own. */
export class Allocator {
  readonly #region: Region;
  readonly buffers: Buffer[] = [];
  readonly tables: Table[] = [];
  /** In bytes. */
  #end: number;

  constructor(region: Region, start = 0) {
    this.#region = region;
    this.#end = align(start);
  }

  get end(): number {
    return this.#end;
  }

  /** What comes now lies at this place or behind it, in bytes. */
  skipTo(offset: number): void {
    this.#end = Math.max(this.#end, align(offset));
  }

  /** Room for `size` float32 numbers. */
  numbers(name: string, size: number): Buffer {
    return this.#take({ name, region: this.#region, offset: this.#end, size }, 4 * size);
  }

  /** Room for numbers that every kernel that uses them writes anew. */
  scratch(name: string, size: number): Buffer {
    return this.numbers(name, size);
  }

  /** Room for distances that are known when the program is compiled, in float32 numbers; kernels read bytes. */
  distances(name: string, distances: readonly number[]): Buffer {
    return this.#table(
      name,
      distances.map((numbers) => 4 * numbers),
    );
  }

  /** Room for how often loops run. */
  counts(name: string, counts: readonly number[]): Buffer {
    return this.#table(name, counts);
  }

  /** Float32 numbers that are known when the program is compiled. */
  constants(name: string, numbers: readonly number[]): Buffer {
    return this.#table(name, Array.from(new Int32Array(Float32Array.from(numbers).buffer)));
  }

  #table(name: string, values: readonly number[]): Buffer {
    const buffer = this.numbers(name, values.length);
    this.tables.push({ buffer, values });
    return buffer;
  }

  bytes(name: string, size: number): Buffer {
    return this.#take({ name, region: this.#region, offset: this.#end, size, bytes: true }, size);
  }

  #take(buffer: Buffer, bytes: number): Buffer {
    this.#end = align(this.#end + bytes);
    this.buffers.push(buffer);
    return buffer;
  }
}

/** A thread's workspace, but for what has to outlive a stage: that lies in the memory of the block that wrote it. */
export class Workspace extends Allocator {
  /** The names of what never has to. */
  readonly scratchNames = new Set<string>();
  readonly #block: Allocator;
  readonly #kept: ReadonlySet<string>;

  /** @param kept the names of what has to outlive a stage */
  constructor(block: Allocator, kept: ReadonlySet<string>) {
    super("workspace");
    this.#block = block;
    this.#kept = kept;
  }

  override numbers(name: string, size: number): Buffer {
    return this.#kept.has(name) ? this.#block.numbers(name, size) : super.numbers(name, size);
  }

  override scratch(name: string, size: number): Buffer {
    this.scratchNames.add(name);
    return super.numbers(name, size);
  }
}

const CACHE_LINE = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;
}

/** `[top, right, bottom, left]` */
export type Border = readonly [number, number, number, number];

export const NO_BORDER: Border = [0, 0, 0, 0];

/** Room for either of two borders. */
export function widest(a: Border, b: Border): Border {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/**
 * In which order cells lie. `planes`: channel by channel, which flatten needs. `rows`: row by row, in each row channel by
 * channel; so that what a window covers lies close together, on few pages of memory.
 */
export type CellOrder = "planes" | "rows";

/**
 * Room for a block of images of this shape with a border around each plane.
 * @param padding how much of the border the first window covers that is laid on the view
 */
export function allocateView(
  allocator: Pick<Allocator, "numbers">,
  name: string,
  shape: readonly [number, number, number],
  border: Border,
  order: CellOrder,
  padding: Border = border,
): View {
  const [channels, height, width] = shape;
  const [top, right, bottom, left] = border;
  const line = (left + width + right) * BLOCK;
  const lines = top + height + bottom;
  const [row, plane] = order === "rows" ? [channels * line, line] : [line, lines * line];
  const buffer = allocator.numbers(name, channels * lines * line);
  const start = top * row + left * BLOCK;
  return laidOn({ buffer, shape, start, windowStart: start, plane, row }, padding);
}

/** The same memory for a layer whose first window covers so much of the border. */
export function laidOn(view: View, padding: Border): View {
  return { ...view, windowStart: view.start - padding[0] * view.row - padding[3] * BLOCK };
}

/** The same memory as a row of cells. The view must have no border. */
export function flattened(view: View): View {
  const [channels, height, width] = view.shape;
  return { ...view, shape: [channels * height * width, 1, 1], plane: BLOCK, row: BLOCK };
}
