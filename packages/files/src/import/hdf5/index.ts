import { InputError, type Tensor } from "unravel-cnn";
import { arrayBytes, readFilters } from "./array.js";
import { MESSAGE, type Message, readHeader } from "./header.js";
import { fractalHeap, treeRecords } from "./heaps.js";
import { linksOf } from "./links.js";
import { type Fail, NOWHERE, Source } from "./source.js";
import { readDataspace, readDatatype } from "./values.js";

/*
 * As much of HDF5 as Keras and h5py write: groups old and new, arrays of floating-point numbers in one piece or in chunks, with
 * gzip, shuffle and checksums, and attributes that are texts. Any file may be given: what it makes the reader do is bounded.
 */

/** A group or an array. */
export interface Hdf5Object {
  /** Whether it is an array. */
  readonly isArray: boolean;
  /** The names of a group's members. */
  readonly names: readonly string[];
  /** A group's member, or a member's member: `conv2d/vars/0`. */
  member(path: string): Hdf5Object | undefined;
  /** An attribute that is a text or a list of texts, and isn't there otherwise. */
  texts(name: string): string[] | undefined;
  /** An array's shape. */
  readonly shape: readonly number[];
  /** An array's numbers in float32. */
  floats(): Tensor;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, k) => bytes[k] === byte);
}

/**
 * The root group of a file.
 * @param fail is called with what is wrong, as a part of a sentence; it must throw
 */
export function openHdf5(bytes: Uint8Array, fail: Fail): Hdf5Object {
  if (!isHdf5(bytes)) fail("it doesn't begin as HDF5 does");
  const source = new Source(bytes, fail);
  const version = source.u8(8);
  if (version > 3) fail(`it is HDF5 of the unknown version ${version}`);
  const widths = version < 2 ? 13 : 9;
  if (source.u8(widths) !== 8 || source.u8(widths + 1) !== 8)
    fail("its addresses or sizes don't have 8 bytes, which isn't read");
  const base = version < 2 ? 24 + 4 * version : 12;
  if (source.address(base) !== 0) fail("something stands before its beginning, which isn't read");
  return objectAt(source, source.address(version < 2 ? base + 40 : base + 24), new Map());
}

/** @param known objects that have been read, by their addresses: a group with many members is read once */
function objectAt(source: Source, at: number, known: Map<number, Hdf5Object>): Hdf5Object {
  const before = known.get(at);
  if (before !== undefined) return before;
  if (at === NOWHERE) source.fail("an object lies nowhere");
  const messages = readHeader(source, at);
  const find = (type: number) => messages.find((message) => message.type === type);
  const space = find(MESSAGE.dataspace);
  const isArray = find(MESSAGE.layout) !== undefined && space !== undefined;
  const links = isArray ? new Map<string, number>() : linksOf(source, messages);
  const attributes = new Map<string, string[]>();
  for (const attribute of attributesOf(source, messages)) addAttribute(source, attribute, attributes);
  const shape = isArray ? readDataspace(source, space.at) : [];
  const self: Hdf5Object = {
    isArray,
    names: [...links.keys()],
    member(path) {
      let found: Hdf5Object = self;
      const [first, ...rest] = path.split("/").filter((part) => part !== "");
      if (first !== undefined) {
        const address = links.get(first);
        if (address === undefined) return undefined;
        found = objectAt(source, address, known);
      }
      return rest.length === 0 ? found : found.member(rest.join("/"));
    },
    texts: (name) => attributes.get(name),
    shape,
    floats() {
      const [type, layout, filters] = [MESSAGE.datatype, MESSAGE.layout, MESSAGE.filters].map(find);
      if (!isArray || type === undefined || layout === undefined)
        return source.fail("an array lacks its type");
      if (type.shared) return source.fail("an array's type stands elsewhere, which isn't read");
      const { float, size, name } = readDatatype(source, type.at);
      if (float === undefined)
        throw new InputError(
          `its weights are ${name}, but only floating-point numbers are read; save the network in float32, and before it is quantised`,
        );
      const chain = filters === undefined ? [] : readFilters(source, filters.at);
      const data = arrayBytes(source, layout.at, chain, shape, size);
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const values = new Float32Array(data.length / size);
      for (let k = 0; k < values.length; k++) values[k] = float(view, k * size);
      return { shape, data: values };
    },
  };
  known.set(at, self);
  return self;
}

/** Where attributes lie: in the header, or in a heap if there are many. */
function attributesOf(source: Source, messages: readonly Message[]): number[] {
  const own = messages
    .filter(({ type, shared }) => type === MESSAGE.attribute && !shared)
    .map(({ at }) => at);
  const dense = messages.flatMap(({ type, at }) => {
    if (type !== MESSAGE.attributeInfo) return [];
    const heap = at + 2 + ((source.u8(at + 1) & 1) !== 0 ? 2 : 0);
    if (source.address(heap) === NOWHERE) return [];
    const objectOf = fractalHeap(source, source.address(heap));
    return treeRecords(source, source.address(heap + 8)).map((record) => objectOf(record).at);
  });
  return [...own, ...dense];
}

/** Reads an attribute, if it consists of texts. */
function addAttribute(source: Source, at: number, attributes: Map<string, string[]>): void {
  source.record();
  const [version, flags] = [source.u8(at), source.u8(at + 1)];
  if (version < 1 || version > 3)
    source.fail(`the attribute at byte ${at} is of the unknown version ${version}`);
  const padded = (size: number) => (version === 1 ? 8 * Math.ceil(size / 8) : size);
  const [nameSize, typeSize, spaceSize] = [2, 4, 6].map((offset) => source.u16(at + offset));
  const nameAt = at + (version === 3 ? 9 : 8);
  const typeAt = nameAt + padded(nameSize);
  const spaceAt = typeAt + padded(typeSize);
  if (version > 1 && (flags & 3) !== 0) return; // its type stands elsewhere
  const { size, text } = readDatatype(source, typeAt);
  if (text === undefined) return;
  const count = readDataspace(source, spaceAt).reduce((product, dimension) => product * dimension, 1);
  const data = spaceAt + padded(spaceSize);
  source.part(data, count * size);
  source.unpack(count * size);
  const values: string[] = [];
  for (let k = 0; k < count; k++) {
    source.record();
    values.push(text(source, data + k * size));
  }
  attributes.set(source.text(nameAt, nameSize), values);
}
