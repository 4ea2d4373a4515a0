/*
 * The part of ONNX's onnx.proto that networks need: the messages as objects, and which number each field has in a file. The reader
 * (import/onnx/wire.ts) and the writer (export/onnx/wire.ts) follow the table; fields that are not in it are left out.
 */

/** A whole file. */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly opsets: readonly Opset[];
  readonly graph?: OnnxGraph;
  readonly metadata: readonly Entry[];
}

/** Which operators are meant: those of a domain, in a version. */
export interface Opset {
  readonly domain: string;
  readonly version: number;
}

export interface Entry {
  readonly key: string;
  readonly value: string;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly name: string;
  readonly initializers: readonly OnnxTensor[];
  readonly sparseInitializers: readonly Skipped[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface OnnxNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly attributes: readonly Attribute[];
}

/** A node's option. Which of its fields counts follows from `type`. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f: number;
  readonly i: number;
  readonly s: Uint8Array;
  readonly t?: OnnxTensor;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
}

export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name: string;
  readonly raw?: Uint8Array;
  readonly floats: readonly number[];
  readonly int32s: readonly number[];
  readonly int64s: readonly number[];
  readonly doubles: readonly number[];
  readonly uint64s: readonly number[];
  readonly external: readonly Entry[];
  readonly location: number;
}

export interface ValueInfo {
  readonly name: string;
  readonly type?: { readonly tensor?: { readonly elementType: number; readonly shape?: DimensionList } };
}

export interface DimensionList {
  readonly dims: readonly Dimension[];
}

/** A size, or the name of one that isn't fixed. */
export interface Dimension {
  readonly value?: number;
  readonly parameter?: string;
}

/** What is known to be there, and not looked at. */
export type Skipped = Record<never, never>;

/** `ints` and `floats` are 64 bits of an integer and 32 of a float; `message` names another row of the table. */
export type FieldType = "int" | "float" | "double" | "string" | "bytes" | MessageName;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  /** Whether it may come any number of times, so that it is a list. */
  readonly many: boolean;
  /** Whether it is left out of the object where the file has none, instead of being 0 or empty. */
  readonly optional: boolean;
}

export type MessageName =
  | "model"
  | "graph"
  | "node"
  | "attribute"
  | "tensor"
  | "value"
  | "type"
  | "tensorType"
  | "dimensions"
  | "dimension"
  | "opset"
  | "entry"
  | "skipped";

const one = (name: string, type: FieldType): Field => ({ name, type, many: false, optional: false });
const perhaps = (name: string, type: FieldType): Field => ({ name, type, many: false, optional: true });
const many = (name: string, type: FieldType): Field => ({ name, type, many: true, optional: false });

/** The fields of each message by their numbers. */
export const schema: Readonly<Record<MessageName, Readonly<Record<number, Field>>>> = {
  model: {
    1: one("irVersion", "int"),
    2: one("producerName", "string"),
    3: one("producerVersion", "string"),
    7: perhaps("graph", "graph"),
    8: many("opsets", "opset"),
    14: many("metadata", "entry"),
  },
  opset: { 1: one("domain", "string"), 2: one("version", "int") },
  entry: { 1: one("key", "string"), 2: one("value", "string") },
  graph: {
    1: many("nodes", "node"),
    2: one("name", "string"),
    5: many("initializers", "tensor"),
    11: many("inputs", "value"),
    12: many("outputs", "value"),
    15: many("sparseInitializers", "skipped"),
  },
  node: {
    1: many("inputs", "string"),
    2: many("outputs", "string"),
    3: one("name", "string"),
    4: one("operator", "string"),
    5: many("attributes", "attribute"),
    7: one("domain", "string"),
  },
  attribute: {
    1: one("name", "string"),
    2: one("f", "float"),
    3: one("i", "int"),
    4: one("s", "bytes"),
    5: perhaps("t", "tensor"),
    7: many("floats", "float"),
    8: many("ints", "int"),
    20: one("type", "int"),
  },
  tensor: {
    1: many("dims", "int"),
    2: one("dataType", "int"),
    4: many("floats", "float"),
    5: many("int32s", "int"),
    7: many("int64s", "int"),
    8: one("name", "string"),
    9: perhaps("raw", "bytes"),
    10: many("doubles", "double"),
    11: many("uint64s", "int"),
    13: many("external", "entry"),
    14: one("location", "int"),
  },
  value: { 1: one("name", "string"), 2: perhaps("type", "type") },
  type: { 1: perhaps("tensor", "tensorType") },
  tensorType: { 1: one("elementType", "int"), 2: perhaps("shape", "dimensions") },
  dimensions: { 1: many("dims", "dimension") },
  dimension: { 1: perhaps("value", "int"), 2: perhaps("parameter", "string") },
  skipped: {},
};

/** How protobuf writes each type of field down. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

export function wireTypeOf(type: FieldType): number {
  if (type === "int") return WIRE.varint;
  if (type === "float") return WIRE.fixed32;
  return type === "double" ? WIRE.fixed64 : WIRE.bytes;
}

/** The numbers of attribute types. */
export const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

/** The numbers of the types of a tensor's elements, as far as anything here holds them. */
export const ELEMENT = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

/** Under this key a file's metadata has the whole model spec as JSON. */
export const SPEC_KEY = "unravel.spec";
/** Under this key it has the names of the classes as a JSON list, for other programs. */
export const CLASSES_KEY = "classes";
/** What files of ours say wrote them. */
export const PRODUCER = "unravel";
