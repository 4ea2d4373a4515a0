import type { Source } from "./source.js";

/* Where HDF5 keeps things of any length: names of old groups, texts, and the links and attributes of what has many. */

/** A text in a local heap, by its place there. */
export function nameInHeap(source: Source, heap: number, offset: number): string {
  source.signature(heap, "HEAP");
  const [size, data] = [source.u64(heap + 8), source.address(heap + 24)];
  return source.textUntilZero(data + offset, data + size);
}

/** The bytes of an object in a global heap, by its number there. */
export function objectInHeap(source: Source, heap: number, index: number): Uint8Array {
  source.signature(heap, "GCOL");
  const end = heap + source.u64(heap + 8);
  for (let at = heap + 16; at + 16 <= end; ) {
    source.record();
    const [found, size] = [source.u16(at), source.u64(at + 8)];
    if (found === index) return source.part(at + 16, size);
    if (found === 0) break; // from here on it is free
    at += 16 + 8 * Math.ceil(size / 8);
  }
  return source.fail(`the heap at byte ${heap} has no object ${index}`);
}

/** How many bytes hold a number. */
const bytesFor = (largest: number) => Math.floor(Math.log2(Math.max(1, largest)) / 8) + 1;

/** A function that says where in the file an object of a fractal heap lies, by its ID there. */
export function fractalHeap(source: Source, at: number): (id: number) => { at: number; size: number } {
  source.signature(at, "FRHP");
  const largest = source.u32(at + 10);
  const width = source.u16(at + 110);
  const [start, largestDirect] = [source.u64(at + 112), source.u64(at + 120)];
  const offsetBytes = Math.ceil(source.u16(at + 128) / 8);
  const lengthBytes = Math.min(Math.ceil(Math.log2(largestDirect) / 8), bytesFor(largest));
  const [root, rows] = [source.address(at + 132), source.u16(at + 140)];
  if (source.u16(at + 7) !== 0)
    source.fail(`the heap at byte ${at} is compressed, which this reader doesn't know`);
  if (!(width > 0 && start > 0 && offsetBytes <= 8)) source.fail(`the heap at byte ${at} has no blocks`);
  const blockOf = (offset: number): { at: number; begin: number } => {
    if (rows === 0) return { at: root, begin: 0 };
    source.signature(root, "FHIB");
    let begin = 0;
    for (let row = 0; row < rows; row++) {
      const size = start * 2 ** Math.max(0, row - 1);
      if (offset >= begin + width * size) {
        begin += width * size;
        continue;
      }
      if (size > largestDirect) break;
      const column = Math.floor((offset - begin) / size);
      const entry = root + 13 + offsetBytes + 8 * (row * width + column);
      return { at: source.address(entry), begin: begin + column * size };
    }
    return source.fail(`the heap at byte ${at} has no block for byte ${offset}`);
  };
  return (id) => {
    if ((source.u8(id) & 0x30) !== 0)
      source.fail(`the object that byte ${id} names lies outside its heap, which this reader doesn't know`);
    const offset = source.unsigned(id + 1, offsetBytes);
    const size = source.unsigned(id + 1 + offsetBytes, lengthBytes);
    const block = blockOf(offset);
    source.signature(block.at, "FHDB");
    source.part(block.at + offset - block.begin, size);
    return { at: block.at + offset - block.begin, size };
  };
}

/** Where the records of a B-tree of version 2 lie, in no order. */
export function treeRecords(source: Source, at: number): number[] {
  source.signature(at, "BTHD");
  const [nodeSize, recordSize, depth] = [source.u32(at + 6), source.u16(at + 10), source.u16(at + 12)];
  if (recordSize === 0 || nodeSize < 10 + recordSize || depth > 8)
    source.fail(`the tree at byte ${at} has no room for records`);
  // of each level above the leaves: how long its pointers are, which depends on how many records there can be below
  const mostInLeaf = Math.floor((nodeSize - 10) / recordSize);
  const pointers: number[] = [0];
  let below = mostInLeaf;
  for (let level = 1; level <= depth; level++) {
    const pointer = 8 + bytesFor(mostInLeaf) + (level === 1 ? 0 : bytesFor(below));
    pointers.push(pointer);
    const most = Math.floor((nodeSize - 10 - pointer) / (recordSize + pointer));
    below = (most + 1) * below + most;
  }
  const records: number[] = [];
  const nodes = [{ at: source.address(at + 16), count: source.u16(at + 24), level: depth }];
  for (const node of nodes) {
    if (node.count === 0) continue;
    source.signature(node.at, node.level === 0 ? "BTLF" : "BTIN");
    const end = node.at + 6 + node.count * recordSize;
    for (let record = node.at + 6; record < end; record += recordSize) {
      source.record();
      records.push(record);
    }
    for (let k = 0; node.level > 0 && k <= node.count; k++) {
      const pointer = end + k * pointers[node.level];
      const count = source.unsigned(pointer + 8, bytesFor(mostInLeaf));
      nodes.push({ at: source.address(pointer), count, level: node.level - 1 });
    }
  }
  return records;
}
