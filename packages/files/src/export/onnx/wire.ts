import { type FieldType, type MessageName, schema, WIRE, wireTypeOf } from "../../onnx/schema.js";

/*
 * Protobuf, written: a message is its fields one after the other, each a key (the field's number and how it is written) and its
 * value. Lists of numbers are packed: one key, the length in bytes, the numbers.
 */

type Message = Readonly<Record<string, unknown>>;

/** The bytes of a message; what it leaves out, and what is 0 or empty, is not written. */
export function encodeMessage(name: MessageName, message: object): Uint8Array {
  return joined(partsOf(name, message as Message));
}

function partsOf(name: MessageName, message: Message): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const [key, field] of Object.entries(schema[name])) {
    const number = Number(key);
    const value = message[field.name];
    if (value === undefined) continue;
    if (!field.many) {
      if (!field.optional && isDefault(value)) continue;
      parts.push(varint(number * 8 + wireTypeOf(field.type)), ...valueParts(field.type, value));
    } else if (wireTypeOf(field.type) === WIRE.bytes) {
      for (const one of value as readonly unknown[]) {
        parts.push(varint(number * 8 + WIRE.bytes), ...valueParts(field.type, one));
      }
    } else if ((value as readonly unknown[]).length > 0) {
      const numbers = joined((value as readonly unknown[]).flatMap((one) => valueParts(field.type, one)));
      parts.push(varint(number * 8 + WIRE.bytes), varint(numbers.length), numbers);
    }
  }
  return parts;
}

const isDefault = (value: unknown) =>
  value === 0 || value === "" || (value instanceof Uint8Array && value.length === 0);

function valueParts(type: FieldType, value: unknown): Uint8Array[] {
  if (type === "int") return [varint(value as number)];
  if (type === "float") return [fixed(4, (view) => view.setFloat32(0, value as number, true))];
  if (type === "double") return [fixed(8, (view) => view.setFloat64(0, value as number, true))];
  const parts =
    type === "string"
      ? [new TextEncoder().encode(value as string)]
      : type === "bytes"
        ? [value as Uint8Array]
        : partsOf(type, value as Message);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return [varint(length), ...parts];
}

function fixed(size: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  set(new DataView(bytes.buffer));
  return bytes;
}

/** Seven bits a byte, the lowest first; a negative number has 64 bits, as an int64 has. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
