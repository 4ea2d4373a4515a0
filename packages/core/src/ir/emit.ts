import { known } from "../known.js";
import { FunctionAssembler } from "../wasm/assembler.js";
import type { Opcode, ValueType } from "../wasm/opcodes.js";
import { bytesPer, type Induction, Inductions, isUnrolled } from "./induction.js";
import type {
  Address,
  BinaryOperation,
  Expression,
  Loop,
  LoopNest,
  Pointer,
  Register,
  Statement,
  UnaryOperation,
} from "./ir.js";

/*
 * A loop nest as a WebAssembly function.
 *
 * Every address is a region's start plus, for each loop around it, counter times stride. Nothing of that is computed in
 * the loops: for each distinct combination of counters and strides there is one pointer, which its innermost loop moves on
 * by one stride each time round. What is constant goes into the instruction itself.
 */

export interface EmitOptions {
  /** Multiply and add in one instruction, rounded once (relaxed SIMD). */
  readonly relaxed: boolean;
}

/** Parameters: where the workspace and the slot or chunk begin (in bytes), a count, and where the block's memory begins. */
export const KERNEL_PARAMETERS = 4;
const PARAMETER = { workspace: 0, slot: 1, chunk: 1, count: 2, block: 3 } as const;

export function emitKernel(nest: LoopNest, options: EmitOptions): FunctionAssembler {
  const emitter = new Emitter(nest, options);
  emitter.statements(nest.body, []);
  return emitter.fn;
}

/** A loop that is being emitted: as a real loop with a local that counts the rounds left, or as one copy of its body. */
interface Scope {
  readonly loop: Loop;
  readonly copy?: number;
  readonly counter?: number;
}

class Emitter {
  readonly fn: FunctionAssembler;
  readonly #options: EmitOptions;
  readonly #inductions: Inductions;
  readonly #variables = new Map<Register | Pointer, number>();
  /** Locals that hold the start of a region, when it isn't a parameter. */
  #zero: number | undefined;
  #fences = 0;

  constructor(nest: LoopNest, options: EmitOptions) {
    this.fn = new FunctionAssembler(nest.name, KERNEL_PARAMETERS);
    this.#options = options;
    this.#inductions = new Inductions(nest);
  }

  statements(body: readonly Statement[], scopes: readonly Scope[]): void {
    for (const statement of body) {
      switch (statement.kind) {
        case "set":
          this.#expression(statement.value, scopes);
          this.fn.op("local.set", this.#register(statement.register));
          break;
        case "store": {
          const offset = this.#pointer(statement.address, scopes);
          this.#expression(statement.value, scopes);
          this.fn.op("v128.store", 2, offset);
          break;
        }
        case "storeLane": {
          const offset = this.#pointer(statement.address, scopes);
          this.#expression(statement.value, scopes);
          this.fn.op("v128.store32_lane", 2, offset, 0);
          break;
        }
        case "point": {
          const offset = this.#pointer(statement.address, scopes);
          const table = this.#pointer(statement.table, scopes);
          this.fn.op("i32.load", 2, table);
          this.fn.op("i32.add");
          if (offset !== 0) {
            this.fn.i32(offset);
            this.fn.op("i32.add");
          }
          this.fn.op("local.set", this.#pointerLocal(statement.pointer));
          break;
        }
        case "fence":
          this.#fence(scopes);
          break;
        case "barrier":
        case "when":
          throw onlyInShaders();
        case "loop":
          this.#loop(statement, scopes);
      }
    }
  }

  #loop(loop: Loop, scopes: readonly Scope[]): void {
    if (isUnrolled(loop) && typeof loop.count === "number") {
      const fenced = hasFence(loop.body);
      if (fenced) this.fn.open("block");
      for (let copy = 0; copy < loop.count; copy++) {
        this.statements(loop.body, [...scopes, { loop, copy }]);
      }
      if (fenced) this.fn.op("end");
      return;
    }
    const { fn } = this;
    const moved = this.#inductions.movedBy(loop.index);
    for (const induction of moved) {
      induction.local ??= fn.local("i32");
      fn.op("local.get", this.#localOf(known(induction.parent)));
      fn.op("local.set", induction.local);
    }
    const counter = fn.local("i32");
    if (loop.count === "parameter") fn.op("local.get", PARAMETER.count);
    else if (typeof loop.count === "number") fn.i32(loop.count);
    else fn.op("i32.load", 2, this.#pointer(loop.count.table, scopes));
    fn.op("local.set", counter);
    const canBeNone = typeof loop.count === "object";
    const block = canBeNone || hasFence(loop.body);
    if (block) fn.open("block");
    if (canBeNone) {
      fn.op("local.get", counter);
      fn.i32(0);
      fn.op("i32.eq");
      fn.op("br_if", 0);
    }
    fn.open("loop");
    this.statements(loop.body, [...scopes, { loop, counter }]);
    for (const { local, step } of moved) {
      fn.op("local.get", known(local));
      fn.i32(step);
      fn.op("i32.add");
      fn.op("local.set", known(local));
    }
    fn.op("local.get", counter);
    fn.i32(1);
    fn.op("i32.sub");
    fn.op("local.tee", counter);
    fn.op("br_if", 0);
    fn.op("end");
    if (block) fn.op("end");
  }

  /**
   * A branch out of the loop (or out of all copies, if it is unrolled) for a value that the innermost counter never has,
   * which V8 doesn't know. Each fence compares with another value, because V8 leaves out a comparison that it has made
   * before; and the values aren't neighbours, because V8 makes those comparisons itself where it unrolls a loop.
   */
  #fence(scopes: readonly Scope[]): void {
    const counter = scopes.findLast((scope) => scope.counter !== undefined)?.counter;
    if (counter === undefined) return;
    this.fn.op("local.get", counter);
    this.fn.i32(-8 * ++this.#fences);
    this.fn.op("i32.eq");
    this.fn.op("br_if", scopes.at(-1)?.counter === undefined ? 0 : 1);
  }

  /** Puts the pointer of an address on the stack; returns the constant offset that belongs to it. */
  #pointer(address: Address, scopes: readonly Scope[]): number {
    this.fn.op("local.get", this.#localOf(this.#inductions.of(address)));
    let cells = address.offset;
    for (const { loop, copy } of scopes) {
      if (copy === undefined) continue;
      for (const [index, stride] of address.terms) if (index === loop.index) cells += copy * stride;
    }
    return (address.pointer ? 0 : address.buffer.offset) + cells * bytesPer(address);
  }

  /** The local that holds an induction: at the root of the tree its pointer, or the start of its region. */
  #localOf({ index, local, root }: Induction): number {
    if (index !== undefined) return known(local);
    if (typeof root === "object") return this.#pointerLocal(root);
    if (root === "workgroup") throw onlyInShaders();
    if (root !== "shared") return PARAMETER[root];
    this.#zero ??= this.fn.local("i32"); // locals start at zero
    return this.#zero;
  }

  #register(register: Register): number {
    return this.#localFor(register, "v128");
  }

  #pointerLocal(pointer: Pointer): number {
    return this.#localFor(pointer, "i32");
  }

  #localFor(variable: Register | Pointer, type: ValueType): number {
    let local = this.#variables.get(variable);
    if (local === undefined) {
      local = this.fn.local(type);
      this.#variables.set(variable, local);
    }
    return local;
  }

  #expression(expression: Expression, scopes: readonly Scope[]): void {
    const { fn } = this;
    const operand = (e: Expression) => this.#expression(e, scopes);
    switch (expression.kind) {
      case "register":
        fn.op("local.get", this.#register(expression.register));
        break;
      case "constant":
        fn.v128(new Uint8Array(new Float32Array(4).fill(expression.value).buffer));
        break;
      case "integer":
        fn.v128(new Uint8Array(new Int32Array(4).fill(expression.value).buffer));
        break;
      case "load":
        fn.op("v128.load", 2, this.#pointer(expression.address, scopes));
        break;
      case "splat":
        fn.op("v128.load32_splat", 2, this.#pointer(expression.address, scopes));
        break;
      case "bytes":
        this.#bytes(expression.addresses, scopes);
        break;
      case "unary":
        this.#unary(expression.operation, expression.a, scopes);
        break;
      case "shift":
        operand(expression.a);
        fn.i32(expression.by);
        fn.op(expression.to === "left" ? "i32x4.shl" : "i32x4.shr_u");
        break;
      case "binary":
        operand(expression.a);
        operand(expression.b);
        fn.op(BINARY[expression.operation]);
        break;
      case "madd":
        operand(expression.a);
        operand(expression.b);
        if (this.#options.relaxed) {
          operand(expression.c);
          fn.op("f32x4.relaxed_madd");
        } else {
          fn.op("f32x4.mul");
          operand(expression.c);
          fn.op("f32x4.add");
        }
        break;
      case "select":
        operand(expression.a);
        operand(expression.b);
        operand(expression.mask);
        fn.op("v128.bitselect");
        break;
      case "shuffle":
        operand(expression.a);
        operand(expression.b);
        this.#shuffle(expression.lanes);
    }
  }

  /** The operand of load8_lane is the address below the vector. */
  #bytes(addresses: readonly Address[], scopes: readonly Scope[]): void {
    const vector = this.fn.local("v128");
    this.fn.v128(new Uint8Array(16));
    this.fn.op("local.set", vector);
    for (const [lane, address] of addresses.entries()) {
      const offset = this.#pointer(address, scopes);
      this.fn.op("local.get", vector);
      this.fn.op("v128.load8_lane", 0, offset, 4 * lane);
      this.fn.op("local.set", vector);
    }
    this.fn.op("local.get", vector);
    this.fn.op("f32x4.convert_i32x4_u");
  }

  #unary(operation: UnaryOperation, a: Expression, scopes: readonly Scope[]): void {
    const { fn } = this;
    this.#expression(a, scopes);
    switch (operation) {
      case "sqrt":
        fn.op("f32x4.sqrt");
        break;
      case "nearest":
        fn.op("f32x4.nearest");
        break;
      case "toInteger":
        fn.op("i32x4.trunc_sat_f32x4_s");
        break;
      case "sumLanes": {
        // (a0 + a2, a1 + a3, ...), then the two of them
        const half = fn.local("v128");
        for (const lanes of [
          [2, 3, 0, 1],
          [1, 0, 3, 2],
        ]) {
          fn.op("local.tee", half);
          fn.op("local.get", half);
          fn.op("local.get", half);
          this.#shuffle(lanes);
          fn.op("f32x4.add");
        }
      }
    }
  }

  #shuffle(lanes: readonly number[]): void {
    this.fn.op("i8x16.shuffle", ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => 4 * lane + byte)));
  }
}

const BINARY: Record<BinaryOperation, Opcode> = {
  add: "f32x4.add",
  sub: "f32x4.sub",
  mul: "f32x4.mul",
  div: "f32x4.div",
  max: "f32x4.max",
  pmax: "f32x4.pmax",
  eq: "f32x4.eq",
  gt: "f32x4.gt",
  and: "v128.and",
  andnot: "v128.andnot",
  xor: "v128.xor",
  addInteger: "i32x4.add",
  mulInteger: "i32x4.mul",
  eqInteger: "i32x4.eq",
};

const onlyInShaders = () => new Error("workgroups and conditions are for shaders, not for WebAssembly");

function hasFence(body: readonly Statement[]): boolean {
  return body.some(({ kind }) => kind === "fence");
}
