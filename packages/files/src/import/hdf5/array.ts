import { inflate } from "unravel-cnn";
import { leavesOf } from "./links.js";
import { NOWHERE, type Source } from "./source.js";

/* The bytes of an array: in its header, in one piece, or in chunks, which may have gone through filters. */

interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

const DEFLATE = 1;
const SHUFFLE = 2;
const FLETCHER32 = 3;

export function readFilters(source: Source, at: number): Filter[] {
  const [version, count] = [source.u8(at), source.u8(at + 1)];
  const filters: Filter[] = [];
  let next = at + (version === 1 ? 8 : 2);
  for (let k = 0; k < count; k++) {
    const id = source.u16(next);
    const named = version === 1 || id >= 256;
    const nameLength = named ? source.u16(next + 2) : 0;
    next += named ? 4 : 2;
    const valueCount = source.u16(next + 2);
    next += 4 + (version === 1 ? 8 * Math.ceil(nameLength / 8) : nameLength);
    filters.push({ id, values: Array.from({ length: valueCount }, (_, v) => source.u32(next + 4 * v)) });
    next += 4 * (version === 1 ? valueCount + (valueCount % 2) : valueCount);
  }
  return filters;
}

/**
 * The values of an array one after the other, row-major.
 * @param size bytes of one value
 */
export function arrayBytes(
  source: Source,
  layout: number,
  filters: readonly Filter[],
  shape: readonly number[],
  size: number,
): Uint8Array {
  const total = shape.reduce((product, dimension) => product * dimension, size);
  source.unpack(total);
  const [version, kind] = [source.u8(layout), source.u8(layout + 1)];
  if (version !== 3 && version !== 4)
    source.fail(`an array's layout is of version ${version}, which isn't read`);
  if (total === 0) return new Uint8Array(0);
  if (kind === 0) return checked(source, source.part(layout + 4, source.u16(layout + 2)), total);
  if (kind === 1) {
    const at = source.address(layout + 2);
    return at === NOWHERE ? source.fail("an array was never written") : source.part(at, total);
  }
  if (kind !== 2 || version === 4)
    return source.fail(
      "an array is stored in a way of newer HDF5 that isn't read; save it with Keras's own save",
    );
  const rank = source.u8(layout + 2) - 1;
  if (rank !== shape.length || rank === 0)
    return source.fail("an array's chunks have another rank than the array");
  const chunk = shape.map((_, d) => source.u32(layout + 11 + 4 * d));
  return fromChunks(source, source.address(layout + 3), chunk, filters, shape, size, total);
}

function fromChunks(
  source: Source,
  tree: number,
  chunk: readonly number[],
  filters: readonly Filter[],
  shape: readonly number[],
  size: number,
  total: number,
): Uint8Array {
  const chunkBytes = chunk.reduce((product, dimension) => product * dimension, size);
  const wanted = shape.reduce((product, dimension, d) => product * Math.ceil(dimension / chunk[d]), 1);
  const leaves = leavesOf(source, tree, 1, 8 + 8 * (shape.length + 1));
  if (leaves.length !== wanted)
    source.fail(
      `an array has ${leaves.length} chunks instead of ${wanted}; what was never written isn't made up`,
    );
  const result = new Uint8Array(total);
  const seen = new Set<string>();
  for (const { key, child } of leaves) {
    const start = shape.map((_, d) => source.u64(key + 8 + 8 * d));
    if (start.some((from, d) => from >= shape[d] || from % chunk[d] !== 0) || seen.has(String(start)))
      source.fail("a chunk of an array lies outside of it, or twice");
    seen.add(String(start));
    source.unpack(chunkBytes);
    const packed = source.part(source.address(child), source.u32(key));
    const bytes = unfiltered(source, packed, filters, source.u32(key + 4), chunkBytes, size);
    copyChunk(bytes, chunk, start, result, shape, size);
  }
  return result;
}

/** Undoes the filters, the last one first; of those in `mask` there was none. */
function unfiltered(
  source: Source,
  packed: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  length: number,
  size: number,
): Uint8Array {
  let bytes = packed;
  for (const [k, { id, values }] of [...filters.entries()].reverse()) {
    if ((mask & (1 << k)) !== 0) continue;
    if (id === FLETCHER32) bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else if (id === SHUFFLE) bytes = unshuffled(bytes, values[0] ?? size);
    // zlib: 2 bytes, the deflated data, and a checksum of 4 bytes
    else if (id === DEFLATE)
      bytes = inflate(
        bytes.subarray(2, Math.max(2, bytes.length - 4)),
        length + checksumsBefore(filters, k),
        source.fail,
      );
    else
      source.fail(
        `an array went through filter ${id}; read are gzip (1), shuffle (2) and Fletcher's checksum (3)`,
      );
  }
  return checked(source, bytes, length);
}

/** How many bytes of checksums were added before filter k. */
const checksumsBefore = (filters: readonly Filter[], k: number) =>
  4 * filters.slice(0, k).filter(({ id }) => id === FLETCHER32).length;

/** All first bytes, all second bytes, ...: back to value after value. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  if (size < 2) return bytes;
  const count = Math.floor(bytes.length / size);
  const result = bytes.slice();
  for (let k = 0; k < count; k++) for (let b = 0; b < size; b++) result[k * size + b] = bytes[b * count + k];
  return result;
}

function checked(source: Source, bytes: Uint8Array, length: number): Uint8Array {
  return bytes.length === length
    ? bytes
    : source.fail(`an array should have ${length} bytes, but has ${bytes.length}`);
}

/** Copies row by row what of a chunk lies in the array. */
function copyChunk(
  from: Uint8Array,
  chunk: readonly number[],
  start: readonly number[],
  to: Uint8Array,
  shape: readonly number[],
  size: number,
): void {
  const inside = chunk.map((dimension, d) => Math.min(dimension, shape[d] - start[d]));
  const last = shape.length - 1;
  const rowBytes = inside[last] * size;
  const rows = inside.slice(0, last).reduce((product, dimension) => product * dimension, 1);
  for (let row = 0; row < rows; row++) {
    let [rest, source, target] = [row, 0, start[last]];
    let [sourceStep, targetStep] = [chunk[last], shape[last]];
    for (let d = last - 1; d >= 0; d--) {
      const index = rest % inside[d];
      rest = Math.floor(rest / inside[d]);
      source += index * sourceStep;
      target += (start[d] + index) * targetStep;
      sourceStep *= chunk[d];
      targetStep *= shape[d];
    }
    to.set(from.subarray(source * size, source * size + rowBytes), target * size);
  }
}
