/*
 * Messages between threads, with their arrays taken apart into a buffer and where in it they lie. Deno looks into whatever a
 * worker is sent, for ports, and visits each element of a typed array on its way: of the images of an epoch, that takes
 * longer than training on them. Into a buffer it doesn't look.
 */

/** A message as it is sent. */
export interface Packed<Message> {
  /** Nothing lies here; it only tells the types apart. */
  readonly packed?: Message;
}

/** A typed array as it is sent. */
interface View {
  readonly view: keyof typeof views;
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
}

const views = { Uint8Array, Uint32Array, Int32Array, Float32Array, Float64Array };

export function pack<Message>(message: Message): Packed<Message> {
  return mapped(message, (value) => {
    if (!ArrayBuffer.isView(value)) return undefined;
    const { buffer, byteOffset: offset, length } = value as Uint8Array;
    const kind = (value as Uint8Array)[Symbol.toStringTag] as View["view"];
    return { view: kind, buffer, offset, length } satisfies View;
  }) as Packed<Message>;
}

export function unpack<Message>(message: Packed<Message>): Message {
  return mapped(message, (value) => {
    if (!("view" in value)) return undefined;
    const { view, buffer, offset, length } = value as View;
    return new views[view](buffer as ArrayBuffer, offset, length);
  }) as Message;
}

/** A copy of plain objects and lists in which `change` has replaced what it gives something for. */
function mapped(value: unknown, change: (value: object) => object | undefined): unknown {
  if (typeof value !== "object" || value === null) return value;
  const changed = change(value);
  if (changed !== undefined) return changed;
  if (Array.isArray(value)) return value.map((entry) => mapped(entry, change));
  // modules, memories and buffers go as they are
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, mapped(entry, change)]));
}
