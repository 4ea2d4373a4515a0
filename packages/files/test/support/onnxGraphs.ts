import { encoded } from "./onnx.js";

/* Small ONNX files, made node by node, as the tests of single operators want them. */

type Attributes = Readonly<Record<string, number | string | readonly number[] | { readonly float: number }>>;

export const ELEMENTS = { float: 1, uint8: 2, int64: 7, float16: 10, double: 11, bfloat16: 16 } as const;

/** A node, its attributes by their JavaScript types; a fraction has to be said to be one. */
export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes = {},
): object {
  return {
    name: `node ${output}`,
    operator,
    inputs,
    outputs: [output],
    attributes: Object.entries(attributes).map(([name, value]) => {
      if (typeof value === "number") return { name, type: 2, i: value };
      if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
      return Array.isArray(value)
        ? { name, type: 7, ints: value }
        : { name, type: 1, f: (value as { float: number }).float };
    }),
  };
}

/** A tensor of float32, as a list of numbers. */
export const floats = (name: string, dims: readonly number[], values: readonly number[]): object => ({
  name,
  dims,
  dataType: ELEMENTS.float,
  floats: values,
});

/** Whole numbers, as shapes are. */
export const ints = (name: string, values: readonly number[]): object => ({
  name,
  dims: [values.length],
  dataType: ELEMENTS.int64,
  int64s: values,
});

/** So many numbers that differ, none of them large. */
export const someNumbers = (count: number, seed = 1): number[] =>
  Array.from({ length: count }, (_, k) => Math.fround(Math.sin(1.7 * k + seed)));

export interface GraphOptions {
  readonly input?: readonly (number | string)[];
  readonly elementType?: number;
  readonly opset?: number;
  readonly output?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A file with these nodes, from `x` to `y`. */
export function graphFile(
  nodes: readonly object[],
  initializers: readonly object[] = [],
  { input = ["n", 1, 4, 4], elementType = 1, opset = 17, output = "y", metadata = {} }: GraphOptions = {},
): Uint8Array {
  const dims = input.map((size) => (typeof size === "string" ? { parameter: size } : { value: size }));
  return encoded("model", {
    irVersion: 8,
    producerName: "test",
    opsets: [{ domain: "", version: opset }],
    graph: {
      name: "g",
      nodes,
      initializers,
      inputs: [{ name: "x", type: { tensor: { elementType, shape: { dims } } } }],
      outputs: [{ name: output, type: { tensor: { elementType: 1 } } }],
    },
    metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

/** Nodes that make three scores of `from`, pictures of so many numbers, and their weights. MatMul has one form in every opset. */
export function head(from: string, count: number): { nodes: object[]; initializers: object[] } {
  return {
    nodes: [node("Flatten", [from], "flat"), node("MatMul", ["flat", "head.w"], "y")],
    initializers: [floats("head.w", [count, 3], someNumbers(3 * count, 5))],
  };
}
