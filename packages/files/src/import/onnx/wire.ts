import { InputError } from "unravel-cnn";
import { type Field, type FieldType, type MessageName, schema, WIRE, wireTypeOf } from "../../onnx/schema.js";

/*
 * Protobuf, read: by the table of fields, so that what the table doesn't have is stepped over and never built. Every length is
 * compared with what is left before anything is made of it; bytes are views of the file.
 */

/** The most messages that a file may have: nodes, attributes, tensors, entries. Networks here have at most 10,000 layers. */
const MOST_MESSAGES = 250_000;

const NO_BYTES = new Uint8Array();

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  messages: number;
}

/**
 * The message that a file is, as an object of the type that the schema describes.
 * @throws InputError without the file's name if it is damaged or has far more parts than any network
 */
export function decodeMessage(name: MessageName, bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readMessage({ bytes, view, messages: 0 }, name, 0, bytes.length);
}

function readMessage(reader: Reader, name: MessageName, begin: number, end: number): Record<string, unknown> {
  if (++reader.messages > MOST_MESSAGES) {
    throw new InputError(
      `It has more than ${MOST_MESSAGES.toLocaleString("en-US")} nodes, attributes and tensors, far more than any network that fits here; export a smaller one.`,
    );
  }
  const fields = schema[name];
  const message = emptyMessage(name);
  let at = begin;
  while (at < end) {
    const keyAt = at;
    const key = readVarint(reader, at, end);
    const number = Math.floor(key.value / 8);
    const wire = key.value % 8;
    if (number < 1) throw damaged(keyAt, "a field has the number 0");
    const { from, to, next } = extentOf(reader, wire, key.next, end, keyAt);
    const field = Object.hasOwn(fields, number) ? fields[number] : undefined;
    if (field) take(reader, message, field, wire, { from, to, keyAt });
    at = next;
  }
  return message;
}

interface Extent {
  readonly from: number;
  readonly to: number;
  readonly keyAt: number;
}

function take(
  reader: Reader,
  message: Record<string, unknown>,
  field: Field,
  wire: number,
  extent: Extent,
): void {
  const { name, type, many } = field;
  const { from, to, keyAt } = extent;
  const usual = wireTypeOf(type);
  if (many && wire === WIRE.bytes && usual !== WIRE.bytes) {
    readPacked(reader, type, extent, message[name] as number[]);
    return;
  }
  if (wire !== usual) throw damaged(keyAt, `its field "${name}" is written as something else`);
  const value = readValue(reader, type, from, to);
  if (many) (message[name] as unknown[]).push(value);
  else {
    if (typeof message[name] === "object" && type in schema) throw damaged(keyAt, `"${name}" comes twice`);
    message[name] = value;
  }
}

function readPacked(reader: Reader, type: FieldType, { from, to, keyAt }: Extent, list: number[]): void {
  const size = type === "float" ? 4 : type === "double" ? 8 : 0;
  if (size > 0 && (to - from) % size !== 0) throw damaged(keyAt, "a list of numbers ends within a number");
  for (let at = from; at < to; ) {
    if (size > 0) {
      list.push(readValue(reader, type, at, to) as number);
      at += size;
    } else {
      const { value, next } = readVarint(reader, at, to);
      list.push(value);
      at = next;
    }
  }
}

function readValue(reader: Reader, type: FieldType, from: number, to: number): unknown {
  if (type === "int") return readVarint(reader, from, to).value;
  if (type === "float") return reader.view.getFloat32(from, true);
  if (type === "double") return reader.view.getFloat64(from, true);
  const bytes = reader.bytes.subarray(from, to);
  if (type === "bytes") return bytes;
  if (type === "string") return new TextDecoder().decode(bytes);
  return readMessage(reader, type, from, to);
}

/** Where a field's value lies, and where the next field begins. */
function extentOf(reader: Reader, wire: number, at: number, end: number, keyAt: number) {
  const fixed = wire === WIRE.fixed32 ? 4 : wire === WIRE.fixed64 ? 8 : undefined;
  if (wire === WIRE.varint) {
    const { next } = readVarint(reader, at, end);
    return { from: at, to: next, next };
  }
  if (fixed === undefined && wire !== WIRE.bytes)
    throw damaged(keyAt, `a field is of the unknown kind ${wire}`);
  const { value: length, next: from } =
    fixed === undefined ? readVarint(reader, at, end) : { value: fixed, next: at };
  if (length < 0 || length > end - from) {
    throw damaged(keyAt, `a field says that it has ${length} bytes, but ${end - from} are left`);
  }
  return { from, to: from + length, next: from + length };
}

/** An int64, as a number: what is beyond 2^53 loses its last digits, which only "to the end" ever has. */
function readVarint({ bytes }: Reader, begin: number, end: number): { value: number; next: number } {
  let value = 0;
  let factor = 1;
  for (let at = begin; at < end; at++) {
    const byte = bytes[at];
    if (at - begin === 9) {
      // the tenth byte is the sign: all bits that were read before belong to 2^64 minus the number
      if (byte > 1) break;
      return { value: byte === 1 ? negative(bytes, begin) : value, next: at + 1 };
    }
    value += (byte & 127) * factor;
    if (byte < 128) return { value, next: at + 1 };
    factor *= 128;
  }
  throw damaged(begin, "a number doesn't end");
}

/** The 64 bits at `at` as a number below 0. */
function negative(bytes: Uint8Array, at: number): number {
  let bits = 0n;
  for (let k = 9; k >= 0; k--) bits = (bits << 7n) | BigInt(bytes[at + k] & 127);
  return Number(BigInt.asIntN(64, bits));
}

/** What each message has where the file says nothing: names of lists, and values. */
const defaults = Object.fromEntries(
  Object.entries(schema).map(([name, fields]) => {
    const all = Object.values(fields);
    const plain = all.filter(({ many, optional }) => !many && !optional);
    const values = plain.map(({ name: field, type }) => [
      field,
      type === "string" ? "" : type === "bytes" ? NO_BYTES : 0,
    ]);
    const lists = all.filter(({ many }) => many).map(({ name: field }) => field);
    return [name, { lists, values: Object.fromEntries(values) as Record<string, unknown> }];
  }),
);

function emptyMessage(name: MessageName): Record<string, unknown> {
  const { lists, values } = defaults[name];
  const message = { ...values };
  for (const list of lists) message[list] = [];
  return message;
}

function damaged(at: number, what: string): InputError {
  return new InputError(`It is no ONNX file, or a damaged one: at byte ${at}, ${what}; export it again.`);
}
