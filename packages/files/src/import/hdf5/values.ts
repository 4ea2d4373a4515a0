import { half } from "unravel-cnn";
import { objectInHeap } from "./heaps.js";
import type { Source } from "./source.js";

/* What kinds of values an array holds, and how many. */

/** Sizes of the dimensions; `[]` is a single value. */
export function readDataspace(source: Source, at: number): number[] {
  const [version, rank] = [source.u8(at), source.u8(at + 1)];
  if (version !== 1 && version !== 2)
    source.fail(`the shape at byte ${at} is of the unknown version ${version}`);
  const begin = at + (version === 1 ? 8 : 4);
  const shape = Array.from({ length: rank }, (_, k) => source.u64(begin + 8 * k));
  return version === 2 && source.u8(at + 3) === 2 ? [0] : shape;
}

export interface Datatype {
  /** Bytes of one value. */
  readonly size: number;
  /** What to call it. */
  readonly name: string;
  /** Reads a floating-point number. */
  readonly float?: (view: DataView, at: number) => number;
  /** Reads a text at a place in the file. */
  readonly text?: (source: Source, at: number) => string;
}

const INTEGER = 0;
const FLOAT = 1;
const TEXT = 3;
const VARIABLE = 9;

export function readDatatype(source: Source, at: number): Datatype {
  const [kind, flags, size] = [source.u8(at) & 15, source.u8(at + 1), source.u32(at + 4)];
  if (size === 0) source.fail(`the values at byte ${at} have no size`);
  if (kind === FLOAT) return floatType(size, source.u8(at + 13), (flags & 1) === 0);
  if (kind === TEXT) return { size, name: "text", text: (from, place) => from.text(place, size) };
  if (kind === VARIABLE && (flags & 15) === 1) return { size, name: "text", text: variableText };
  return { size, name: kind === INTEGER ? "whole numbers" : "values of a kind that isn't read" };
}

/** Its length, the heap that it lies in, and its number there. */
function variableText(source: Source, at: number): string {
  const length = source.u32(at);
  if (length === 0) return "";
  const bytes = objectInHeap(source, source.address(at + 4), source.u32(at + 12));
  return new TextDecoder().decode(bytes.subarray(0, length)).replace(/\0+$/, "");
}

/** @param exponentBits tell float16 and bfloat16 apart */
function floatType(size: number, exponentBits: number, little: boolean): Datatype {
  const upper = new DataView(new ArrayBuffer(4));
  const kinds: Record<string, (view: DataView, at: number) => number> = {
    "2/5": (view, at) => half(view.getUint16(at, little)),
    "2/8": (view, at) => {
      upper.setUint16(0, view.getUint16(at, little));
      return upper.getFloat32(0);
    },
    "4/8": (view, at) => view.getFloat32(at, little),
    "8/11": (view, at) => view.getFloat64(at, little),
  };
  const kind = `${size}/${exponentBits}`;
  return { size, name: `float${8 * size}`, ...(Object.hasOwn(kinds, kind) && { float: kinds[kind] }) };
}
