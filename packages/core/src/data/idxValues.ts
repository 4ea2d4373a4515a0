import { InputError } from "../errors.js";

/** A type that an IDX file may say its values have. */
export interface IdxType {
  readonly values: string;
  readonly bytes: number;
  /** One value at a byte; all but bytes are big-endian. */
  readonly read: (view: DataView, at: number) => number;
  readonly isFloat: boolean;
}

export const BYTES = 8;
export const INTS = 12;

export const idxTypes: Readonly<Record<number, IdxType>> = {
  [BYTES]: { values: "bytes (0 to 255)", bytes: 1, read: (view, at) => view.getUint8(at), isFloat: false },
  9: { values: "signed bytes", bytes: 1, read: (view, at) => view.getInt8(at), isFloat: false },
  11: { values: "whole numbers of 2 bytes", bytes: 2, read: (view, at) => view.getInt16(at), isFloat: false },
  [INTS]: {
    values: "whole numbers of 4 bytes",
    bytes: 4,
    read: (view, at) => view.getInt32(at),
    isFloat: false,
  },
  13: {
    values: "floating-point numbers of 4 bytes",
    bytes: 4,
    read: (view, at) => view.getFloat32(at),
    isFloat: true,
  },
  14: {
    values: "floating-point numbers of 8 bytes",
    bytes: 8,
    read: (view, at) => view.getFloat64(at),
    isFloat: true,
  },
};

/**
 * Values of any type as bytes, where their range fits: whole numbers from 0 to 255 as they are; floating-point numbers that all lie
 * in [0, 1] times 255, others up to 255 as they are, both rounded.
 * @param raw the values as they lie in the file
 * @throws InputError that names the first value that doesn't fit
 */
export function valuesAsBytes(raw: Uint8Array, type: number, source: string): Uint8Array {
  if (type === BYTES) return raw;
  const { bytes, read, isFloat, values } = idxTypes[type];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const count = raw.length / bytes;
  const result = new Uint8Array(count);
  let largest = 0;
  for (let k = 0; k < count; k++) {
    const value = read(view, k * bytes);
    if (!(value >= 0 && value <= 255)) {
      throw new InputError(
        `${source}: its values are ${values}, and value ${k} is ${value}, but pixels must be numbers from 0 to 255${isFloat ? ", or from 0 to 1" : ""}; scale them.`,
      );
    }
    largest = Math.max(largest, value);
  }
  const scale = isFloat && largest <= 1 ? 255 : 1;
  for (let k = 0; k < count; k++) result[k] = Math.floor(scale * read(view, k * bytes) + 0.5);
  return result;
}

/** Labels of any type of whole numbers. @throws InputError that names the first that is no byte */
export function valuesAsLabels(raw: Uint8Array, type: number, source: string): Uint8Array {
  if (type === BYTES) return raw;
  const { bytes, read } = idxTypes[type];
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Uint8Array.from({ length: raw.length / bytes }, (_, k) => {
    const label = read(view, k * bytes);
    if (label >= 0 && label <= 255) return label;
    throw new InputError(`${source}: label ${k} is ${label}, but labels go from 0 to 255; number them anew.`);
  });
}
