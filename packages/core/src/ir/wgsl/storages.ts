import type { Address, Buffer, LoopNest } from "../ir.js";
import { accessesOf, everyStatement } from "../visit.js";

/*
 * What a shader binds. A storage is one buffer of the device; the buffers of a kernel lie in storages, several in one perhaps.
 * How a shader sees a storage follows from what the kernel does with it: as vectors of four, if all that it loads and stores
 * as vectors begins at a whole one; else number by number.
 */

/** A buffer of the device. */
export interface Storage {
  readonly name: string;
  /** How many numbers of 32 bits it has room for. */
  readonly size: number;
  /** Whether whole numbers lie in it. */
  readonly integers: boolean;
}

/** Where a buffer lies: in which storage, and how many numbers (bytes, for a buffer of bytes) after its start. */
export interface Place {
  readonly storage: Storage;
  readonly start: number;
}

export type Element = "vector" | "number";

/** A storage as one shader sees it. */
export interface Binding {
  readonly storage: Storage;
  readonly element: Element;
  readonly written: boolean;
}

/** All storages of a kernel in the order of their first use. */
export const bindingsOf = (nest: LoopNest, placeOf: (buffer: Buffer) => Place): Binding[] =>
  usesOf(nest, (buffer) => buffer.region !== "workgroup", placeOf);

/** What the lanes of its workgroups share, seen like storages. */
export const sharedOf = (nest: LoopNest, placeOf: (buffer: Buffer) => Place): Binding[] =>
  usesOf(nest, (buffer) => buffer.region === "workgroup", placeOf);

function usesOf(
  nest: LoopNest,
  isWanted: (buffer: Buffer) => boolean,
  placeOf: (buffer: Buffer) => Place,
): Binding[] {
  const uses = new Map<Storage, { written: boolean; vectors: boolean; aligned: boolean }>();
  const use = (address: Address, how: "vector" | "number", written: boolean) => {
    const { storage, start } = placeOf(address.buffer);
    const known = uses.get(storage) ?? { written: false, vectors: false, aligned: true };
    known.written ||= written;
    if (how === "vector") {
      known.vectors = true;
      known.aligned &&=
        (start + address.offset) % 4 === 0 && address.terms.every(([, stride]) => stride % 4 === 0);
    }
    uses.set(storage, known);
  };
  for (const statement of everyStatement(nest.body)) {
    for (const { address, width, written } of accessesOf(statement))
      if (isWanted(address.buffer)) use(address, width === 4 ? "vector" : "number", written);
  }
  return [...uses].map(([storage, { written, vectors, aligned }]) => ({
    storage,
    written,
    element: vectors && aligned ? "vector" : "number",
  }));
}
