import type { Buffer } from "../../ir/ir.js";
import type { Place, Storage } from "../../ir/wgsl/storages.js";
import type { Batch } from "./widen.js";

/** A stretch of a region that is one storage; offsets in bytes, those of a workspace for the whole batch. */
interface Stretch {
  readonly region: string;
  readonly start: number;
  readonly end: number;
  readonly storage: Storage;
}

/** Which buffers of a plan lie in which buffers of the device: each in one of its own, but for what is written together. */
export class Storages {
  readonly #batch: Batch;
  readonly #stretches: Stretch[] = [];
  readonly #names = new Set<string>();

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  get all(): readonly Storage[] {
    return this.#stretches.map(({ storage }) => storage);
  }

  /** Buffers that were allocated one after the other, as one storage. */
  group(name: string, buffers: readonly Buffer[], { integers = false } = {}): void {
    const wide = buffers.map((buffer) => this.#batch.buffer(buffer));
    const [first] = wide;
    const start = first.offset;
    const last = wide[wide.length - 1];
    const end = last.offset + (last.bytes ? last.size : 4 * last.size);
    let own = name.replaceAll(/\W/g, "_");
    while (this.#names.has(own)) own += "_";
    this.#names.add(own);
    const size = Math.max(4, Math.ceil((end - start) / 16) * 4);
    this.#stretches.push({ region: first.region, start, end, storage: { name: own, size, integers } });
  }

  /** All of these that lie in no storage yet. */
  take(buffers: readonly Buffer[]): void {
    for (const buffer of buffers) {
      if (buffer.size > 0 && this.#find(this.#batch.buffer(buffer)) === undefined)
        this.group(buffer.name, [buffer]);
    }
  }

  /** @param buffer of the batch, or a part of it */
  placeOf(buffer: Buffer): Place {
    const stretch = this.#find(buffer);
    if (stretch === undefined) throw new Error(`${buffer.name} lies in no storage`);
    const bytes = buffer.offset - stretch.start;
    return { storage: stretch.storage, start: buffer.bytes ? bytes : bytes / 4 };
  }

  #find({ region, offset }: Buffer): Stretch | undefined {
    return this.#stretches.find((one) => one.region === region && one.start <= offset && offset < one.end);
  }
}
