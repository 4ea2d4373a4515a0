import { ByteWriter } from "./bytes.js";
import { type Opcode, opcodes, type ValueType, valueTypes } from "./opcodes.js";

/** The memory that a module imports as `env.memory`, in pages of 64 KiB. */
export interface MemoryImport {
  readonly pages: number;
  readonly maximum: number;
  readonly shared: boolean;
}

/** A function's code as it grows. */
export class FunctionAssembler {
  readonly name: string;
  readonly parameterCount: number;
  readonly #locals: ValueType[] = [];
  readonly #code = new ByteWriter();

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
    this.#opcode(opcode);
    for (const operand of operands) this.#code.unsigned(operand);
  }

  i32(value: number): void {
    this.#opcode("i32.const");
    this.#code.signed(value);
  }

  /** A vector constant from its sixteen bytes. */
  v128(bytes: Uint8Array): void {
    this.#opcode("v128.const");
    this.#code.bytes(bytes);
  }

  /** Opens a block or a loop without a result; `end` closes it. */
  open(opcode: "block" | "loop"): void {
    this.#opcode(opcode);
    this.#code.byte(NO_RESULT);
  }

  /** Its locals and its code, with their length before them. */
  writeTo(module: ByteWriter): void {
    const body = new ByteWriter(this.#code.length + 2 * this.#locals.length + 16);
    const runs: { readonly type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const run = runs.at(-1);
      if (run?.type === type) run.count += 1;
      else runs.push({ type, count: 1 });
    }
    body.unsigned(runs.length);
    for (const { type, count } of runs) {
      body.unsigned(count);
      body.byte(valueTypes[type]);
    }
    body.bytes(this.#code.written);
    body.bytes(opcodes.end);
    module.sized(body.written);
  }

  #opcode(opcode: Opcode): void {
    for (const byte of opcodes[opcode]) this.#code.byte(byte);
  }
}

const NO_RESULT = 0x40;

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
  const module = new ByteWriter(4096);
  module.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

  const counts = [...new Set(functions.map(({ parameterCount }) => parameterCount))];
  section(module, SECTION.types, counts, (to, count) =>
    to.bytes([0x60, count, ...Array(count).fill(valueTypes.i32), 0]),
  );
  section(module, SECTION.imports, [memory], (to, { pages, maximum, shared }) => {
    to.text("env");
    to.text("memory");
    to.bytes([0x02, shared ? 3 : 1]);
    to.unsigned(pages);
    to.unsigned(maximum);
  });
  section(module, SECTION.functions, functions, (to, { parameterCount }) =>
    to.unsigned(counts.indexOf(parameterCount)),
  );
  section(module, SECTION.exports, functions, (to, { name }, k) => {
    to.text(name);
    to.byte(0x00);
    to.unsigned(k);
  });
  section(module, SECTION.code, functions, (to, fn) => fn.writeTo(to));
  if (data.length > 0) {
    section(module, SECTION.data, data, (to, { offset, bytes }) => {
      to.byte(0);
      to.bytes(opcodes["i32.const"]);
      to.signed(offset);
      to.bytes(opcodes.end);
      to.sized(bytes);
    });
  }
  return module.written.slice();
}

const SECTION = { types: 1, imports: 2, functions: 3, exports: 7, code: 10, data: 11 } as const;

/** A section that is a list of items. */
function section<T>(
  module: ByteWriter,
  id: number,
  items: readonly T[],
  write: (to: ByteWriter, item: T, k: number) => void,
): void {
  const content = new ByteWriter();
  content.unsigned(items.length);
  for (const [k, item] of items.entries()) write(content, item, k);
  module.byte(id);
  module.sized(content.written);
}
