import { half, InputError } from "unravel-cnn";
import { ELEMENT, type OnnxTensor } from "../../onnx/schema.js";
import { type Constant, described, quoted } from "./values.js";

/* The numbers of a tensor: as raw bytes, in a list that belongs to their type, or in a file beside the one that names it. */

/** The most numbers that a tensor may hold: 2^28, as in any parameter here. */
const MOST_NUMBERS = 2 ** 28;

interface ElementType {
  readonly name: string;
  readonly bytes: number;
  readonly isWhole: boolean;
  read(view: DataView, at: number): number;
  /** The list that has such numbers where there are no raw bytes. */
  readonly list: "floats" | "int32s" | "int64s" | "doubles" | "uint64s";
  /** What a number of that list stands for; default itself. */
  readonly fromList?: (value: number) => number;
}

const bits = new DataView(new ArrayBuffer(4));
/** The upper half of a float32. */
const brain = (value: number) => {
  bits.setUint32(0, value << 16);
  return bits.getFloat32(0);
};

const whole = (
  name: string,
  bytes: number,
  list: ElementType["list"],
  read: ElementType["read"],
): ElementType => ({ name, bytes, isWhole: true, list, read });

const elementTypes: Readonly<Record<number, ElementType>> = {
  [ELEMENT.float]: {
    name: "float32",
    bytes: 4,
    isWhole: false,
    list: "floats",
    read: (view, at) => view.getFloat32(at, true),
  },
  [ELEMENT.double]: {
    name: "float64",
    bytes: 8,
    isWhole: false,
    list: "doubles",
    read: (view, at) => view.getFloat64(at, true),
  },
  [ELEMENT.float16]: {
    name: "float16",
    bytes: 2,
    isWhole: false,
    list: "int32s",
    read: (view, at) => half(view.getUint16(at, true)),
    fromList: (value) => half(value & 0xffff),
  },
  [ELEMENT.bfloat16]: {
    name: "bfloat16",
    bytes: 2,
    isWhole: false,
    list: "int32s",
    read: (view, at) => brain(view.getUint16(at, true)),
    fromList: brain,
  },
  [ELEMENT.uint8]: whole("uint8", 1, "int32s", (view, at) => view.getUint8(at)),
  [ELEMENT.int8]: whole("int8", 1, "int32s", (view, at) => view.getInt8(at)),
  [ELEMENT.bool]: whole("bool", 1, "int32s", (view, at) => view.getUint8(at)),
  [ELEMENT.uint16]: whole("uint16", 2, "int32s", (view, at) => view.getUint16(at, true)),
  [ELEMENT.int16]: whole("int16", 2, "int32s", (view, at) => view.getInt16(at, true)),
  [ELEMENT.int32]: whole("int32", 4, "int32s", (view, at) => view.getInt32(at, true)),
  [ELEMENT.uint32]: whole("uint32", 4, "uint64s", (view, at) => view.getUint32(at, true)),
  [ELEMENT.int64]: whole("int64", 8, "int64s", (view, at) => Number(view.getBigInt64(at, true))),
  [ELEMENT.uint64]: whole("uint64", 8, "uint64s", (view, at) => Number(view.getBigUint64(at, true))),
};

/** What a type is called; undefined: it is none that is read. */
export const elementName = (type: number): string | undefined =>
  Object.hasOwn(elementTypes, type) ? elementTypes[type].name : undefined;

/** Whether a type holds numbers with fractions. */
export const isFloating = (type: number): boolean =>
  Object.hasOwn(elementTypes, type) && !elementTypes[type].isWhole;

/** `location` of a tensor whose numbers are in another file. */
const EXTERNAL = 1;

/** Files that hold numbers of the graph, by their names. */
export type Beside = ReadonlyMap<string, Uint8Array>;

/**
 * A tensor as numbers. No more is reserved than the file has bytes for.
 * @throws InputError as a sentence if its type is none that is read, or its numbers don't fill its shape
 */
export function constantOf(tensor: OnnxTensor, name: string, beside: Beside): Constant {
  const place = `The tensor ${quoted(name)}`;
  const { dims, dataType } = tensor;
  if (!Object.hasOwn(elementTypes, dataType)) {
    throw new InputError(
      `${place}: its numbers are of the type with the number ${dataType}, but only float, double, float16, bfloat16 and whole numbers are read; export it in float32.`,
    );
  }
  const type = elementTypes[dataType];
  const count = dims.reduce((product, size) => product * size, 1);
  if (dims.length > 16 || dims.some((size) => size < 0) || !(count <= MOST_NUMBERS)) {
    throw new InputError(
      `${place}: its shape ${described(dims)} is none, or holds more than the limit of ${MOST_NUMBERS.toLocaleString("en-US")} numbers; export the network again.`,
    );
  }
  const found =
    tensor.location === EXTERNAL ? externalBytes(tensor, place, count * type.bytes, beside) : tensor.raw;
  const list = tensor[type.list];
  const length = found === undefined ? list.length : found.length / type.bytes;
  if (length !== count) {
    throw new InputError(
      `${place}: its shape ${described(dims)} holds ${count} numbers, but the file has ${found === undefined ? list.length : `${found.length} bytes of ${type.name}`}; it is damaged, so export it again.`,
    );
  }
  const data = type.bytes === 4 && !type.isWhole ? new Float32Array(count) : new Float64Array(count);
  if (found === undefined) {
    const { fromList = (value: number) => value } = type;
    for (let k = 0; k < count; k++) data[k] = fromList(list[k]);
  } else {
    const view = new DataView(found.buffer, found.byteOffset, found.byteLength);
    for (let k = 0; k < count; k++) data[k] = type.read(view, k * type.bytes);
  }
  const isSingle = type.isWhole || dataType === ELEMENT.float;
  return {
    kind: "constant",
    shape: dims,
    data,
    isWhole: type.isWhole,
    from: name,
    how: isSingle ? [] : [`${type.name} to float32`],
  };
}

/** The files beside this one that tensors name. @throws InputError if one isn't a plain name */
export function namesBeside(tensors: readonly OnnxTensor[]): string[] {
  const names = tensors.filter(({ location }) => location === EXTERNAL).map(locationOf);
  return [...new Set(names)];
}

function locationOf(tensor: OnnxTensor): string {
  const name = tensor.external.find(({ key }) => key === "location")?.value ?? "";
  if (!/^[^/\\\0:]+$/.test(name) || /^\.+$/.test(name) || name.length > 255) {
    throw new InputError(
      `The tensor ${quoted(tensor.name)}: its numbers are in ${quoted(name)}, but only a file beside this one is read; put it there and name it without folders.`,
    );
  }
  return name;
}

function externalBytes(tensor: OnnxTensor, place: string, wanted: number, beside: Beside): Uint8Array {
  const name = locationOf(tensor);
  const file = beside.get(name);
  if (file === undefined) {
    throw new InputError(`${place}: its numbers are in ${quoted(name)}, which was not given; give it, too.`);
  }
  const numberOf = (key: string, usual: number) => {
    const text = tensor.external.find((entry) => entry.key === key)?.value;
    if (text === undefined) return usual;
    return /^\d{1,15}$/.test(text) ? Number(text) : -1;
  };
  const offset = numberOf("offset", 0);
  const length = numberOf("length", wanted);
  if (offset < 0 || length < 0 || offset + length > file.length) {
    throw new InputError(
      `${place}: it says that its numbers are ${length} bytes from byte ${offset} of ${quoted(name)}, which has ${file.length}; export the network again.`,
    );
  }
  return file.subarray(offset, offset + length);
}
