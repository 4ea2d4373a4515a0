import { deflateSync } from "fflate";
import {
  type ForwardPass,
  type ForwardProgram,
  fold,
  InputError,
  type NamedTensors,
  type PlacedTensor,
  type SavedModel,
} from "unravel-cnn";
import type { WeightKind } from "../format.js";
import type { Facts, PackedPass, PackedTensor } from "./runtime/facts.js";
import { encode } from "./runtime/text.js";
import { BYTES, fromByte, fromHalf, scalesOf } from "./runtime/weights.js";

/*
 * Weights in less space than float32. Only what is multiplied with activations is kept so: the weights of convolutions and dense
 * layers. Biases, and what norms keep, stay float32.
 */

/** A tensor's numbers as they are kept: scales first, if there are any, then the bits of each number. */
interface Short {
  readonly rows: number;
  readonly scales: Float32Array;
  readonly bits: Uint16Array;
}

const kinds: Readonly<Record<Exclude<WeightKind, "f32">, (tensor: NamedValues) => Short>> = {
  f16: ({ name, values }) => ({
    rows: 1,
    scales: new Float32Array(),
    bits: Uint16Array.from(values, (value) => toHalf(value, name)),
  }),
  // each row, what makes one output channel, from -127 to 127 times a scale of its own
  int8: ({ shape, values }) => {
    const rows = shape[0];
    const length = values.length / rows;
    const scales = new Float32Array(rows);
    const bits = new Uint16Array(values.length);
    for (let row = 0; row < rows; row++) {
      const part = values.subarray(row * length, (row + 1) * length);
      const scale = Math.fround(part.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127);
      scales[row] = scale;
      for (let k = 0; k < length; k++) {
        const whole = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(part[k] / scale)));
        bits[row * length + k] = whole & 255;
      }
    }
    return { rows, scales, bits };
  },
};

type NamedValues = Pick<PlacedTensor, "name" | "shape" | "values">;

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The float16 nearest to a number, ties to even, as its bits. @throws InputError if it is beyond the largest */
export function toHalf(value: number, name: string): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520)
    throw new InputError(
      `${name} has a weight of ${value.toPrecision(3)}, beyond 65504, the largest that a float16 holds; keep the weights as f32.`,
    );
  // below the smallest normal number: whole multiples of 2^-24
  if (size < 2 ** -14) return sign | even(size * 2 ** 24);
  float[0] = size;
  return sign | ((word[0] - (112 << 23) + 0xfff + ((word[0] >> 13) & 1)) >> 13);
}

function even(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/**
 * The network as it computes when its weights are kept so: folded, with the weights that come out again. To measure what that
 * costs: its predictions, and those of a strict engine their bits, are an exported module's.
 * @throws InputError if a weight is beyond what the kind of number holds
 */
export function withWeights(saved: SavedModel, kind: WeightKind): SavedModel {
  const { model, parameters } = fold(saved);
  if (kind === "f32") return { model, parameters };
  const shortened: NamedTensors = { ...parameters };
  for (const { fullName: name, shape, fanIn } of model.parameters) {
    if (fanIn === 0) continue;
    const { rows, scales, bits } = kinds[kind]({
      name,
      shape,
      values: Float32Array.from(parameters[name].data),
    });
    const data = Float32Array.from(bits, (value, k) =>
      kind === "f16" ? fromHalf(value) : fromByte(value, scales[Math.floor((k * rows) / bits.length)]),
    );
    shortened[name] = { shape, data };
  }
  return { model, parameters: shortened };
}

/** A text of more characters is more than a JavaScript engine takes. */
const LONGEST_TEXT = 2 ** 28;

/** The program's code and weights as text, and what is needed to read it. */
export function pack(
  program: ForwardProgram,
  weights: WeightKind,
): Pick<Facts, "tensors" | "parts" | "text"> {
  const isWeight = new Set(
    program.model.parameters.filter(({ fanIn }) => fanIn > 0).map(({ fullName }) => fullName),
  );
  const floats: Float32Array[] = [];
  const shorts: Uint16Array[] = [];
  const tensors = program.parameters.map((tensor): PackedTensor => {
    const { name, values, offset } = tensor;
    if (weights === "f32" || !isWeight.has(name)) {
      floats.push(values);
      return [offset, values.length, 0];
    }
    const { rows, scales, bits } = kinds[weights](tensor);
    if (scales.length !== scalesOf(weights, rows)) throw new Error("scales that the reader doesn't expect");
    floats.push(scales);
    shorts.push(bits);
    return [offset, values.length, rows];
  });
  const planes = [
    ...planesOf(new Uint32Array(joined(Float32Array, floats).buffer), 4),
    ...planesOf(joined(Uint16Array, shorts), BYTES[weights]),
  ];
  const unpacked = [program.bytes, ...planes];
  // weights hardly repeat: what is gained comes from the frequencies of their bytes, which the quickest level finds, too
  const packed = unpacked.map((part, k) => deflateSync(part, { level: k === 0 ? 9 : 1 }));
  const text = encode(joined(Uint8Array, packed));
  if (text.length > LONGEST_TEXT)
    throw new InputError(
      `The network is too large for a module: its weights take ${text.length.toLocaleString("en-US")} characters, more than ${LONGEST_TEXT.toLocaleString("en-US")}.`,
    );
  return { tensors, parts: unpacked.map(({ length }, k) => [length, packed[k].length] as const), text };
}

/** A way through the network in a row of numbers. */
export function packPass({ block, workspace, bytes, x, scores, ...rest }: ForwardPass): PackedPass {
  const names = [...rest.prepare, rest.load, ...rest.kernels];
  const first = Number(names[0].slice(1));
  if (names.some((name, k) => name !== `k${first + k}`)) throw new Error("kernels that aren't numbered");
  return [
    ...([block, workspace, bytes, x.offset, x.plane, x.row, x.column, scores.offset, scores.stride] as const),
    ...([first, first + rest.prepare.length, first + names.length] as const),
    rest.minusInfinity,
  ];
}

/** All first bytes of the numbers, then all second ones, and so on. */
function planesOf(numbers: Uint32Array | Uint16Array, width: number): Uint8Array[] {
  return Array.from({ length: width }, (_, byte) =>
    Uint8Array.from(numbers, (value) => value >>> (8 * byte)),
  );
}

function joined<A extends Float32Array | Uint16Array | Uint8Array>(
  kind: new (length: number) => A,
  parts: readonly A[],
): A {
  const all = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
