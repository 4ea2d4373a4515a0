import { type FieldType, type MessageName, schema, WIRE, wireTypeOf } from "../../onnx/schema.js";

/*
 * Protobuf, written: a message is its fields one after the other, each a key (the field's number and how it is written) and its
 * value. Lists of numbers are packed: one key, the length in bytes, the numbers.
 */

type Message = Readonly<Record<string, unknown>>;

/** The bytes of a message; what it leaves out, and what is 0 or empty, is not written. */
export function encodeMessage(name: MessageName, message: object): Uint8Array {
  const parts: Uint8Array[] = [];
  writeMessage(parts, name, message as Message);
  return joined(parts);
}

/** Adds a message's bytes, in parts, and returns how many they are. */
function writeMessage(parts: Uint8Array[], name: MessageName, message: Message): number {
  let length = 0;
  for (const [key, field] of Object.entries(schema[name])) {
    const value = message[field.name];
    if (value === undefined || (!field.many && !field.optional && isDefault(value))) continue;
    const [number, usual] = [Number(key), wireTypeOf(field.type)];
    if (!field.many) {
      length += add(parts, varint(number * 8 + usual)) + writeValue(parts, field.type, value);
    } else if (usual === WIRE.bytes) {
      for (const one of value as readonly unknown[]) {
        length += add(parts, varint(number * 8 + usual)) + writeValue(parts, field.type, one);
      }
    } else if ((value as readonly unknown[]).length > 0) {
      const numbers: Uint8Array[] = [];
      for (const one of value as readonly unknown[]) writeValue(numbers, field.type, one);
      length += add(parts, varint(number * 8 + WIRE.bytes)) + writeValue(parts, "bytes", joined(numbers));
    }
  }
  return length;
}

function add(parts: Uint8Array[], bytes: Uint8Array): number {
  parts.push(bytes);
  return bytes.length;
}

const isDefault = (value: unknown) =>
  value === 0 || value === "" || (value instanceof Uint8Array && value.length === 0);

function writeValue(parts: Uint8Array[], type: FieldType, value: unknown): number {
  if (type === "int") return add(parts, varint(value as number));
  if (type === "float")
    return add(
      parts,
      fixed(4, (view) => view.setFloat32(0, value as number, true)),
    );
  if (type === "double")
    return add(
      parts,
      fixed(8, (view) => view.setFloat64(0, value as number, true)),
    );
  if (type === "string" || type === "bytes") {
    const bytes = type === "string" ? new TextEncoder().encode(value as string) : (value as Uint8Array);
    return add(parts, varint(bytes.length)) + add(parts, bytes);
  }
  // its length, which stands before it, is known behind it
  const place = parts.push(NOTHING) - 1;
  const length = writeMessage(parts, type, value as Message);
  parts[place] = varint(length);
  return parts[place].length + length;
}

const NOTHING = new Uint8Array();

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
