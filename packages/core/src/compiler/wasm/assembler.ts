import { type Opcode, opcodes, type ValueType, valueTypes } from "./opcodes.js";

/** The memory that a module imports as `env.memory`, in pages of 64 KiB. */
export interface MemoryImport {
  readonly pages: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** A function's code as it grows. Operands are numbers, written as the specification's LEB128. */
export class FunctionAssembler {
  readonly name: string;
  readonly parameterCount: number;
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];

  /** Parameters are i32, there are no results. */
  constructor(name: string, parameterCount: number) {
    this.name = name;
    this.parameterCount = parameterCount;
  }

  /** A new local variable; returns its number. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.parameterCount + this.#locals.length - 1;
  }

  /** An instruction with unsigned operands (locals, labels, alignment and offset, lanes). */
  op(opcode: Opcode, ...operands: readonly number[]): void {
    this.#code.push(...opcodes[opcode]);
    for (const operand of operands) this.#code.push(...unsigned(operand));
  }

  i32(value: number): void {
    this.#code.push(...opcodes["i32.const"], ...signed(value));
  }

  /** A vector constant from its sixteen bytes. */
  v128(bytes: Uint8Array): void {
    this.#code.push(...opcodes["v128.const"], ...bytes);
  }

  /** Opens a block or a loop without a result; `end` closes it. */
  open(opcode: "block" | "loop"): void {
    this.#code.push(...opcodes[opcode], 0x40);
  }

  body(): number[] {
    const locals = this.#locals.flatMap((type) => [1, valueTypes[type]]);
    const body = [...unsigned(this.#locals.length), ...locals, ...this.#code, ...opcodes.end];
    return [...unsigned(body.length), ...body];
  }
}

/** Bytes that are put into the memory when the module is instantiated. */
export interface DataSegment {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A module's bytes: imports its memory, exports every function under its name. */
export function assembleModule(
  memory: MemoryImport,
  functions: readonly FunctionAssembler[],
  data: readonly DataSegment[] = [],
): Uint8Array<ArrayBuffer> {
  const counts = [...new Set(functions.map(({ parameterCount }) => parameterCount))];
  const types = counts.map((count) => [0x60, count, ...Array(count).fill(valueTypes.i32), 0]);
  const limits = [memory.shared ? 3 : 1, ...unsigned(memory.pages), ...unsigned(memory.maximum)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(types)),
    ...section(2, vector([[...text("env"), ...text("memory"), 0x02, ...limits]])),
    ...section(3, vector(functions.map(({ parameterCount }) => unsigned(counts.indexOf(parameterCount))))),
    ...section(7, vector(functions.map(({ name }, k) => [...text(name), 0x00, ...unsigned(k)]))),
    ...section(10, vector(functions.map((fn) => fn.body()))),
    ...(data.length > 0 ? section(11, vector(data.map(segment))) : []),
  ]);
}

function segment({ offset, bytes }: DataSegment): number[] {
  return [0, ...opcodes["i32.const"], ...signed(offset), ...opcodes.end, ...unsigned(bytes.length), ...bytes];
}

function section(id: number, content: number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly number[][]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128 of a whole number in [0, 2^32). */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** LEB128 of a whole number in [-2^31, 2^31). */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 0x80);
  }
}
