/*
 * A kernel, written once: a nest of loops over vectors of four float32 numbers. It can be interpreted with bounds
 * checks (interpret.ts), printed for people (print.ts) and emitted as WebAssembly (emit.ts) or as a compute shader (wgsl/).
 *
 * In most loop nests the four numbers are the same cell of four images: images are the innermost dimension.
 */

/** What a buffer's place is counted from. */
export type Region =
  /** The start of the memory. */
  | "shared"
  /** The calling thread's own workspace, the first parameter of every kernel. */
  | "workspace"
  /** The gradient slot that is added to: the second parameter. */
  | "slot"
  /** The memory of the block of images that runs, which later stages find as it was: the fourth parameter. */
  | "block"
  /** A chunk of all parameters: the second parameter of kernels that work on chunks. */
  | "chunk"
  /** The memory that the lanes of a workgroup share, and nobody else; what is in it at first is not known. In shaders only. */
  | "workgroup";

/** So many bytes of its own any device gives a workgroup, and so many lanes. */
export const WORKGROUP_BYTES = 16384;
export const MOST_LANES = 256;

/** A stretch of memory. Offsets and strides inside it count float32 numbers. */
export interface Buffer {
  readonly name: string;
  readonly region: Region;
  /** Where it begins, in bytes from the region's start; a multiple of 16. */
  readonly offset: number;
  /** How many float32 numbers, or bytes. */
  readonly size: number;
  /** Whether it holds bytes; then offsets and strides count bytes. */
  readonly bytes?: boolean;
  /** Whether it holds whole numbers of 32 bits: a shader has to know, since not every float32 number survives a load. */
  readonly integers?: boolean;
}

/** The counter of a loop. */
export interface Index {
  readonly name: string;
}

/** A whole number that counters make: `offset` + the sum of each index times its stride. */
export interface Sum {
  readonly offset: number;
  readonly terms: readonly (readonly [Index, number])[];
}

/** A cell of a buffer: which number of it. */
export interface Address extends Sum {
  readonly buffer: Buffer;
  /** Counted from where this pointer points, not from the buffer's start. */
  readonly pointer?: Pointer;
}

/** A place that is worked out while the kernel runs: an address, and from there as many bytes further as a table says. */
export interface Pointer {
  readonly name: string;
}

/** A variable that holds a vector. */
export interface Register {
  readonly name: string;
}

export type UnaryOperation = "sqrt" | "nearest" | "toInteger" | "sumLanes";
export type BinaryOperation =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "max"
  | "pmax"
  | "eq"
  | "gt"
  | "and"
  | "andnot"
  | "xor"
  | "addInteger"
  | "mulInteger"
  | "eqInteger";

export type Expression =
  | { readonly kind: "register"; readonly register: Register }
  /** The same number four times. */
  | { readonly kind: "constant"; readonly value: number }
  /** The same whole number of 32 bits four times. */
  | { readonly kind: "integer"; readonly value: number }
  /** Four numbers that lie side by side. */
  | { readonly kind: "load"; readonly address: Address }
  /** One number, four times. */
  | { readonly kind: "splat"; readonly address: Address }
  /** Four bytes, each at an address of its own (offsets count bytes), as numbers. */
  | { readonly kind: "bytes"; readonly addresses: readonly Address[] }
  | { readonly kind: "unary"; readonly operation: UnaryOperation; readonly a: Expression }
  | {
      readonly kind: "binary";
      readonly operation: BinaryOperation;
      readonly a: Expression;
      readonly b: Expression;
    }
  /** The numbers' 32 bits moved by `by` places, 1 to 31; what comes in is 0. */
  | { readonly kind: "shift"; readonly to: "left" | "right"; readonly by: number; readonly a: Expression }
  /** a * b + c; with or without rounding in between, as the module is emitted. */
  | { readonly kind: "madd"; readonly a: Expression; readonly b: Expression; readonly c: Expression }
  /** Where the mask's bits are set a, elsewhere b. */
  | { readonly kind: "select"; readonly mask: Expression; readonly a: Expression; readonly b: Expression }
  /** The vectors' numbers `lanes`, 0 to 3 of a and 4 to 7 of b. */
  | {
      readonly kind: "shuffle";
      readonly lanes: readonly number[];
      readonly a: Expression;
      readonly b: Expression;
    };

export type Statement =
  | { readonly kind: "set"; readonly register: Register; readonly value: Expression }
  | { readonly kind: "store"; readonly address: Address; readonly value: Expression }
  /** Stores the first of the four numbers only. */
  | { readonly kind: "storeLane"; readonly address: Address; readonly value: Expression }
  /** Lets the pointer point to `address` plus as many bytes as the whole number at `table` says. */
  | { readonly kind: "point"; readonly pointer: Pointer; readonly address: Address; readonly table: Address }
  /**
   * What stands above it in the same loop is computed before what stands below. It means nothing; but V8 moves a
   * multiply-add down to where its sum is used last, behind all loads of the loop's body, and so needs more registers
   * than there are. It moves nothing past a place where the loop could end.
   */
  | { readonly kind: "fence" }
  /** No lane of the workgroup goes on before all have come here; then each sees what the others have stored. In shaders only. */
  | { readonly kind: "barrier" }
  /** What is inside is done where the sum is below a bound. In shaders only. */
  | { readonly kind: "when"; readonly sum: Sum; readonly below: number; readonly body: readonly Statement[] }
  | Loop;

/** How often a loop runs, as a table says: perhaps never. */
export interface Count {
  readonly table: Address;
  /** Over all that the table says, for counting multiplications. */
  readonly mean: number;
}

export interface Loop {
  readonly kind: "loop";
  readonly index: Index;
  /** How often; `"parameter"`: as the third parameter of the kernel says. */
  readonly count: number | "parameter" | Count;
  /** Whether the body is unrolled `count` times. */
  readonly unrolled: boolean;
  /**
   * Whether its rounds may run at the same time: none reads or writes what another one writes, in memory or in a register.
   * In a shader the outermost of such loops become invocations; elsewhere it means nothing. `"lanes"`: its rounds are lanes of a
   * workgroup, which share its memory and wait for each other at barriers; such loops are the innermost of the parallel ones, and
   * each round of those around them is a workgroup.
   */
  readonly parallel?: boolean | "lanes";
  readonly body: readonly Statement[];
}

/** The expressions that an expression is made of, in the order in which they are computed. */
export function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "unary":
    case "shift":
      return [expression.a];
    case "binary":
    case "shuffle":
      return [expression.a, expression.b];
    case "madd":
      return [expression.a, expression.b, expression.c];
    case "select":
      return [expression.mask, expression.a, expression.b];
    default:
      return [];
  }
}

/** The addresses that an expression reads by itself, without its operands. */
export function addressesOf(expression: Expression): readonly Address[] {
  switch (expression.kind) {
    case "load":
    case "splat":
      return [expression.address];
    case "bytes":
      return expression.addresses;
    default:
      return [];
  }
}

/** A kernel. Its parameters: the workspace, the slot, a count and the block's memory, where it uses them. */
export interface LoopNest {
  readonly name: string;
  readonly body: readonly Statement[];
}

// Building blocks, short because kernels are made of nothing else.

export const at = (
  buffer: Buffer,
  offset: number,
  ...terms: readonly (readonly [Index, number])[]
): Address => ({
  buffer,
  offset,
  terms: terms.filter(([, stride]) => stride !== 0),
});

/** The cell `cells` further than a pointer, moved by loops inside of which the pointer stays. */
export const from = (
  buffer: Buffer,
  pointer: Pointer,
  cells: number,
  ...terms: readonly (readonly [Index, number])[]
): Address => ({ ...at(buffer, cells, ...terms), pointer });

export const constant = (value: number): Expression => ({ kind: "constant", value });
export const integer = (value: number): Expression => ({ kind: "integer", value });
export const load = (address: Address): Expression => ({ kind: "load", address });
export const splat = (address: Address): Expression => ({ kind: "splat", address });
export const madd = (a: Expression, b: Expression, c: Expression): Expression => ({ kind: "madd", a, b, c });
export const select = (mask: Expression, a: Expression, b: Expression): Expression => ({
  kind: "select",
  mask,
  a,
  b,
});
export const unary = (operation: UnaryOperation, a: Expression): Expression => ({
  kind: "unary",
  operation,
  a,
});
export const binary = (operation: BinaryOperation, a: Expression, b: Expression): Expression => ({
  kind: "binary",
  operation,
  a,
  b,
});
export const shift = (to: "left" | "right", by: number, a: Expression): Expression => ({
  kind: "shift",
  to,
  by,
  a,
});

export const add = (a: Expression, b: Expression) => binary("add", a, b);
export const sub = (a: Expression, b: Expression) => binary("sub", a, b);
export const mul = (a: Expression, b: Expression) => binary("mul", a, b);
export const div = (a: Expression, b: Expression) => binary("div", a, b);
/** The larger of two, or NaN if either is. */
export const max = (a: Expression, b: Expression) => binary("max", a, b);
/** a, or b if that is larger. One instruction, where `max` takes eight; what is not a number is lost if it is b. */
export const pmax = (a: Expression, b: Expression) => binary("pmax", a, b);

/** Collects the statements of a loop nest. */
export class LoopNestBuilder {
  #statements: Statement[] = [];
  #registers = 0;

  /** A new variable with a first value; as an expression for reading, with `set` for writing. */
  variable(value: Expression): Variable {
    const register = { name: `r${this.#registers++}` };
    const set = (next: Expression) => this.#statements.push({ kind: "set", register, value: next });
    set(value);
    return { kind: "register", register, set };
  }

  /** A pointer to `address`, moved on as the table says there. */
  point(address: Address, table: Address): Pointer {
    const pointer = { name: `p${this.#registers++}` };
    this.#statements.push({ kind: "point", pointer, address, table });
    return pointer;
  }

  store(address: Address, value: Expression): void {
    this.#statements.push({ kind: "store", address, value });
  }

  storeLane(address: Address, value: Expression): void {
    this.#statements.push({ kind: "storeLane", address, value });
  }

  /** See `Statement`. */
  fence(): void {
    this.#statements.push({ kind: "fence" });
  }

  /** See `Statement`. */
  barrier(): void {
    this.#statements.push({ kind: "barrier" });
  }

  /** Does what `write` writes where `sum` is below a bound. */
  when(sum: Sum, below: number, write: () => void): void {
    this.#statements.push({ kind: "when", sum, below, body: this.#inside(write) });
  }

  loop(
    name: string,
    count: Loop["count"],
    body: (index: Index) => void,
    { unrolled = false, parallel = false }: { unrolled?: boolean; parallel?: Loop["parallel"] } = {},
  ): void {
    if (count === 0) return;
    const index = { name };
    const inside = this.#inside(() => body(index));
    this.#statements.push({
      kind: "loop",
      index,
      count,
      unrolled: unrolled || count === 1,
      parallel,
      body: inside,
    });
  }

  #inside(write: () => void): Statement[] {
    const outer = this.#statements;
    this.#statements = [];
    write();
    const inside = this.#statements;
    this.#statements = outer;
    return inside;
  }

  finish(name: string): LoopNest {
    return { name, body: this.#statements };
  }
}

export interface Variable {
  readonly kind: "register";
  readonly register: Register;
  set(value: Expression): void;
}

/** Options of a loop whose rounds may run at the same time. */
export const PARALLEL = { parallel: true } as const;

/** Options of a loop whose rounds are lanes of a workgroup. */
export const LANES = { parallel: "lanes" } as const;

/** A kernel called `name`, made by `write`. */
export function loopNest(name: string, write: (builder: LoopNestBuilder) => void): LoopNest {
  const builder = new LoopNestBuilder();
  write(builder);
  return builder.finish(name);
}
