import { MESSAGE, type Message } from "./header.js";
import { fractalHeap, nameInHeap, treeRecords } from "./heaps.js";
import { NOWHERE, type Source } from "./source.js";

/* The members of a group: a table of symbols in old files, else links, in its header or, where there are many, in a heap. */

/** The addresses of a group's members by their names. What points into other files, or by a path, is left out. */
export function linksOf(source: Source, messages: readonly Message[]): Map<string, number> {
  const links = new Map<string, number>();
  for (const { type, at } of messages) {
    if (type === MESSAGE.symbolTable) addSymbols(source, source.address(at), source.address(at + 8), links);
    if (type === MESSAGE.link) addLink(source, at, links);
    if (type === MESSAGE.linkInfo) {
      const heap = at + 2 + ((source.u8(at + 1) & 1) !== 0 ? 8 : 0);
      if (source.address(heap) === NOWHERE) continue;
      const objectOf = fractalHeap(source, source.address(heap));
      // a record begins with 4 bytes of the name's checksum
      for (const record of treeRecords(source, source.address(heap + 8)))
        addLink(source, objectOf(record + 4).at, links);
    }
  }
  return links;
}

const SOFT_LINK = 2;

function addSymbols(source: Source, tree: number, heap: number, links: Map<string, number>): void {
  for (const node of leavesOf(source, tree, 0, 8)) {
    const table = source.address(node.child);
    source.signature(table, "SNOD");
    for (let k = 0; k < source.u16(table + 6); k++) {
      source.record();
      const entry = table + 8 + 40 * k;
      if (source.u32(entry + 16) === SOFT_LINK) continue;
      links.set(nameInHeap(source, heap, source.u64(entry)), source.address(entry + 8));
    }
  }
}

/**
 * The lowest entries of a B-tree of version 1: where the key and the child's address stand.
 * @param type 0: symbols of a group; 1: chunks of an array
 * @param keySize in bytes
 */
export function leavesOf(
  source: Source,
  root: number,
  type: number,
  keySize: number,
): { key: number; child: number }[] {
  const leaves: { key: number; child: number }[] = [];
  const nodes = root === NOWHERE ? [] : [{ at: root, level: Infinity }];
  for (const { at, level: above } of nodes) {
    source.signature(at, "TREE");
    const [found, level, count] = [source.u8(at + 4), source.u8(at + 5), source.u16(at + 6)];
    if (found !== type || level >= above) source.fail(`the tree at byte ${at} is of another kind`);
    for (let k = 0; k < count; k++) {
      source.record();
      const key = at + 24 + k * (keySize + 8);
      if (level === 0) leaves.push({ key, child: key + keySize });
      else nodes.push({ at: source.address(key + keySize), level });
    }
  }
  return leaves;
}

function addLink(source: Source, at: number, links: Map<string, number>): void {
  source.record();
  const flags = source.u8(at + 1);
  let next = at + 2;
  const kind = (flags & 8) !== 0 ? source.u8(next++) : 0;
  if ((flags & 4) !== 0) next += 8; // the order of creation
  if ((flags & 0x10) !== 0) next += 1; // the character set: always read as UTF-8
  const width = 1 << (flags & 3);
  const length = source.unsigned(next, width);
  const name = source.text(next + width, length);
  if (kind === 0) links.set(name, source.address(next + width + length));
}
