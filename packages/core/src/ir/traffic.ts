import type { Buffer, Loop, Pointer, Statement } from "./ir.js";
import { type Access, accessesOf, insideOf } from "./visit.js";

/*
 * How many bytes a kernel has to move at least: each number that it reads, once, and each that it writes. What it reads again may
 * come from a cache, or not; so it is a bound from below, by which a kernel can be compared with what the memory gives.
 */

interface Moved extends Access {
  /** The loops around it, outermost first. */
  readonly loops: readonly Loop[];
}

/** The fewest bytes that these statements read and write. */
export function bytesMovedBy(statements: readonly Statement[]): number {
  const accesses: Moved[] = [];
  const pointed = new Map<Pointer, readonly Loop[]>();
  collect(statements, [], accesses, pointed);
  const groups = new Map<Buffer, { read: Moved[]; written: Moved[] }>();
  for (const access of accesses) {
    const { buffer } = access.address;
    const group = groups.get(buffer) ?? { read: [], written: [] };
    groups.set(buffer, group);
    group[access.written ? "written" : "read"].push(access);
  }
  let bytes = 0;
  for (const [buffer, { read, written }] of groups) {
    const cells = cellsOf(read, pointed, buffer.size) + cellsOf(written, pointed, buffer.size);
    bytes += (buffer.bytes ? 1 : 4) * cells;
  }
  return bytes;
}

function collect(
  statements: readonly Statement[],
  loops: readonly Loop[],
  accesses: Moved[],
  pointed: Map<Pointer, readonly Loop[]>,
): void {
  for (const statement of statements) {
    // what the lanes of a workgroup share is not the device's memory
    const own = accessesOf(statement).filter(({ address }) => address.buffer.region !== "workgroup");
    accesses.push(...own.map((access) => ({ ...access, loops })));
    if (statement.kind === "point") pointed.set(statement.pointer, loops);
    const around = statement.kind === "loop" ? [...loops, statement] : loops;
    collect(insideOf(statement), around, accesses, pointed);
  }
}

/** How many different cells of a buffer these accesses reach, about: no more than there are, or lie between the first and the last. */
function cellsOf(
  accesses: readonly Moved[],
  pointed: ReadonlyMap<Pointer, readonly Loop[]>,
  size: number,
): number {
  let [sum, low, high] = [0, Infinity, -Infinity];
  for (const { address, width, loops } of accesses) {
    const { pointer, terms, offset } = address;
    const own = terms.map(([index]) => index);
    // a pointer may lead elsewhere in each round of the loops around the place where it is set
    const moved = pointer ? (pointed.get(pointer) ?? []).map(({ index }) => index) : [];
    const moving = loops.filter(({ index }) => own.includes(index) || moved.includes(index));
    sum += width * moving.reduce((product, loop) => product * roundsOf(loop), 1);
    if (pointer) {
      [low, high] = [0, size];
      continue;
    }
    let [first, last] = [offset, offset];
    for (const [index, stride] of terms) {
      const loop = loops.find((loop) => loop.index === index);
      const far = stride * ((loop ? roundsOf(loop) : 1) - 1);
      if (far < 0) first += far;
      else last += far;
    }
    [low, high] = [Math.min(low, first), Math.max(high, last + width)];
  }
  return accesses.length === 0 ? 0 : Math.min(sum, high - low, size);
}

function roundsOf({ count }: Loop): number {
  if (count === "parameter") return 1;
  return typeof count === "number" ? count : Math.max(1, Math.ceil(count.mean));
}
