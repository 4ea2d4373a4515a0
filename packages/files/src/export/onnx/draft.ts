import type { Shape, Tensor } from "unravel-cnn";
import { ATTRIBUTE, ELEMENT } from "../../onnx/schema.js";

/* The nodes and tensors of a graph as they are collected. */

/** A node's options: whole numbers where ONNX wants `ints`, a `float` said to be one. */
export type Options = Readonly<Record<string, Option>>;
type Option = { readonly int: number } | { readonly ints: readonly number[] } | { readonly float: number };

export class GraphDraft {
  readonly nodes: object[] = [];
  readonly initializers: object[] = [];
  private readonly constants = new Set<string>();

  /** Adds a node and returns the name of its one output. */
  node(
    name: string,
    operator: string,
    inputs: readonly string[],
    output: string,
    options: Options = {},
  ): string {
    const attributes = Object.entries(options).map(([option, value]) => attributeOf(option, value));
    this.nodes.push({ name, operator, inputs, outputs: [output], attributes });
    return output;
  }

  /** Adds a tensor of float32 and returns its name. */
  tensor(name: string, { shape, data }: Tensor): string {
    this.initializers.push({ name, dims: shape, dataType: ELEMENT.float, raw: littleEndian(data) });
    return name;
  }

  /** A single number that several nodes may use, under a name that says what it is. */
  constant(name: string, value: number): string {
    const full = `constant.${name}`;
    if (!this.constants.has(full)) {
      this.constants.add(full);
      this.tensor(full, { shape: [], data: Float32Array.of(value) });
    }
    return full;
  }

  /** One number for each channel of pictures. */
  perChannel(name: string, values: readonly number[]): string {
    const shape: Shape = [values.length, 1, 1];
    return this.tensor(`constant.${name}`, { shape, data: Float32Array.from(values) });
  }
}

function attributeOf(name: string, option: Option): object {
  if ("int" in option) return { name, type: ATTRIBUTE.int, i: option.int };
  if ("ints" in option) return { name, type: ATTRIBUTE.ints, ints: option.ints };
  return { name, type: ATTRIBUTE.float, f: option.float };
}

/** Whatever order the machine keeps the bytes of a number in. */
function littleEndian(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let k = 0; k < values.length; k++) view.setFloat32(4 * k, values[k], true);
  return bytes;
}
