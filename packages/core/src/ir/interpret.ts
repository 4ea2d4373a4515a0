import type {
  Address,
  BinaryOperation,
  Expression,
  Index,
  Loop,
  LoopNest,
  Pointer,
  Region,
  Statement,
  UnaryOperation,
} from "./ir.js";

/*
 * Runs a loop nest without WebAssembly: slowly, but every load and store must lie inside its buffer. What comes out is, bit for
 * bit, what the emitted function leaves in memory on the strict path, where each operation is rounded by itself.
 */

/** The parameters of a kernel. */
export interface KernelParameters {
  /** Where the workspace begins; in bytes. */
  readonly workspace?: number;
  /** Where the slot, or the chunk, begins; in bytes. */
  readonly slot?: number;
  /** Where the memory of the block begins; in bytes. */
  readonly block?: number;
  /** How often a loop runs whose count is a parameter. */
  readonly count?: number;
}

/**
 * Runs a loop nest on `memory`, laid out as for the emitted function.
 * @throws Error that names nest, buffer and place if a load or store lies outside of its buffer
 */
export function interpret(nest: LoopNest, memory: ArrayBuffer, parameters: KernelParameters = {}): void {
  const { workspace = 0, slot = 0, block = 0, count = 0 } = parameters;
  const starts = { shared: 0, workspace, slot, block, chunk: slot };
  new Interpreter(nest.name, memory, starts, count).body(nest.body)();
}

/** Four float32 numbers, which can also be seen as their bits. */
class Vector {
  readonly numbers = new Float32Array(4);
  readonly bits = new Int32Array(this.numbers.buffer);

  /** Copies bits, because a number that is really a mask would not survive as a number. */
  set({ bits }: Vector): void {
    this.bits.set(bits);
  }
}

type Run = () => void;
type Value = () => Vector;

/** Turns statements into closures, each with a vector of its own for its result. */
class Interpreter {
  readonly #nest: string;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #starts: Readonly<Record<Region, number>>;
  readonly #count: number;
  readonly #counters = new Map<Index, { value: number }>();
  readonly #registers = new Map<object, Vector>();
  readonly #pointers = new Map<Pointer, { word: number }>();

  constructor(nest: string, memory: ArrayBuffer, starts: Readonly<Record<Region, number>>, count: number) {
    this.#nest = nest;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#starts = starts;
    this.#count = count;
  }

  body(statements: readonly Statement[]): Run {
    const runs = statements.map((statement) => this.#statement(statement));
    return () => {
      for (const run of runs) run();
    };
  }

  #statement(statement: Statement): Run {
    if (statement.kind === "loop") return this.#loop(statement);
    if (statement.kind === "fence") return () => {};
    if (statement.kind === "point") {
      const pointer = this.#pointer(statement.pointer);
      const address = this.#place(statement.address, 1, "pointer");
      const table = this.#place(statement.table, 1, "table");
      const unit = statement.address.buffer.bytes ? 1 : 4;
      return () => {
        pointer.word = address() + this.#words[table()] / unit; // the table counts bytes
      };
    }
    const value = this.#value(statement.value);
    if (statement.kind === "set") {
      const register = this.#register(statement.register);
      return () => register.set(value());
    }
    const lanes = statement.kind === "store" ? 4 : 1;
    const place = this.#place(statement.address, lanes, "store");
    return () => {
      const { bits } = value();
      const word = place();
      for (let lane = 0; lane < lanes; lane++) this.#words[word + lane] = bits[lane];
    };
  }

  #loop({ index, count, body }: Loop): Run {
    const counter = this.#counter(index);
    const times = this.#times(count);
    const run = this.body(body);
    return () => {
      const end = times();
      for (let k = 0; k < end; k++) {
        counter.value = k;
        run();
      }
    };
  }

  #times(count: Loop["count"]): () => number {
    if (typeof count === "object") {
      const table = this.#place(count.table, 1, "table");
      return () => this.#words[table()];
    }
    const times = count === "parameter" ? this.#count : count;
    return () => times;
  }

  #counter(index: Index): { value: number } {
    const counter = this.#counters.get(index) ?? { value: 0 };
    this.#counters.set(index, counter);
    return counter;
  }

  #pointer(pointer: Pointer): { word: number } {
    const place = this.#pointers.get(pointer) ?? { word: 0 };
    this.#pointers.set(pointer, place);
    return place;
  }

  #register(register: object): Vector {
    const vector = this.#registers.get(register) ?? new Vector();
    this.#registers.set(register, vector);
    return vector;
  }

  /** Where in memory an address lies, in words (in bytes for buffers of bytes), once its `lanes` are known to be inside. */
  #place({ buffer, offset, terms, pointer }: Address, lanes: number, what: string): () => number {
    const unit = buffer.bytes ? 1 : 4;
    const start = (this.#starts[buffer.region] + buffer.offset) / unit;
    // of a chunk, the buffer is the row of all chunks
    const before = buffer.region === "chunk" ? this.#starts.chunk / unit : 0;
    const steps = terms.map(([index, stride]) => ({ counter: this.#counter(index), stride }));
    const from = pointer && this.#pointer(pointer);
    return () => {
      let cell = from ? from.word - start + offset : offset;
      for (const { counter, stride } of steps) cell += counter.value * stride;
      if (before + cell < 0 || before + cell + lanes > buffer.size) {
        throw new Error(
          `${this.#nest}: ${what} of ${lanes} at ${buffer.name}[${before + cell}], which has ${buffer.size}`,
        );
      }
      return start + cell;
    };
  }

  #value(expression: Expression): Value {
    if (expression.kind === "register") {
      const register = this.#register(expression.register);
      return () => register;
    }
    const result = new Vector();
    const { numbers, bits } = result;
    const fill = this.#fill(expression, numbers, bits);
    return () => {
      fill();
      return result;
    };
  }

  #fill(expression: Exclude<Expression, { kind: "register" }>, numbers: Float32Array, bits: Int32Array): Run {
    switch (expression.kind) {
      case "constant":
        numbers.fill(expression.value);
        return () => {};
      case "integer":
        bits.fill(expression.value);
        return () => {};
      case "load": {
        const place = this.#place(expression.address, 4, "load");
        return () => {
          const word = place();
          for (let lane = 0; lane < 4; lane++) bits[lane] = this.#words[word + lane];
        };
      }
      case "splat": {
        const place = this.#place(expression.address, 1, "splat");
        return () => bits.fill(this.#words[place()]);
      }
      case "bytes": {
        const places = expression.addresses.map((address) => this.#place(address, 1, "load"));
        return () => {
          for (const [lane, place] of places.entries()) numbers[lane] = this.#bytes[place()];
        };
      }
      case "unary":
        return unaryRun(expression.operation, this.#value(expression.a), numbers, bits);
      case "binary":
        return binaryRun(
          expression.operation,
          this.#value(expression.a),
          this.#value(expression.b),
          numbers,
          bits,
        );
      case "madd": {
        const [a, b, c] = [expression.a, expression.b, expression.c].map((e) => this.#value(e));
        return () => {
          const [x, y, z] = [a().numbers, b().numbers, c().numbers];
          for (let lane = 0; lane < 4; lane++) numbers[lane] = Math.fround(x[lane] * y[lane]) + z[lane];
        };
      }
      case "select": {
        const [mask, a, b] = [expression.mask, expression.a, expression.b].map((e) => this.#value(e));
        return () => {
          const [m, x, y] = [mask().bits, a().bits, b().bits];
          for (let lane = 0; lane < 4; lane++) bits[lane] = (x[lane] & m[lane]) | (y[lane] & ~m[lane]);
        };
      }
      case "shift": {
        const a = this.#value(expression.a);
        const { to, by } = expression;
        return () => {
          const from = a().bits;
          for (let lane = 0; lane < 4; lane++)
            bits[lane] = to === "left" ? from[lane] << by : from[lane] >>> by;
        };
      }
      case "shuffle": {
        const [a, b] = [this.#value(expression.a), this.#value(expression.b)];
        return () => {
          const [x, y] = [a().bits, b().bits];
          for (const [lane, from] of expression.lanes.entries())
            bits[lane] = from < 4 ? x[from] : y[from - 4];
        };
      }
    }
  }
}

/*
 * Storing into a Float32Array rounds: for +, -, *, / and the square root of float32 numbers, rounding the float64 result
 * gives the same number as computing in float32 does.
 */

const BINARY: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  pmax: (a, b) => (a < b ? b : a),
  // all bits set where it holds
  eq: (a, b) => (a === b ? -1 : 0),
  gt: (a, b) => (a > b ? -1 : 0),
  // on bits
  and: (a, b) => a & b,
  andnot: (a, b) => a & ~b,
  xor: (a, b) => a ^ b,
  addInteger: (a, b) => (a + b) | 0,
  mulInteger: Math.imul,
  eqInteger: (a, b) => (a === b ? -1 : 0),
};

const ON_BITS: readonly BinaryOperation[] = ["and", "andnot", "xor", "addInteger", "mulInteger", "eqInteger"];
const TO_BITS: readonly BinaryOperation[] = ["eq", "gt", ...ON_BITS];

function binaryRun(
  operation: BinaryOperation,
  a: Value,
  b: Value,
  numbers: Float32Array,
  bits: Int32Array,
): Run {
  const compute = BINARY[operation];
  const result = TO_BITS.includes(operation) ? bits : numbers;
  const operand = ON_BITS.includes(operation) ? "bits" : "numbers";
  return () => {
    const x = a()[operand];
    const y = b()[operand];
    for (let lane = 0; lane < 4; lane++) result[lane] = compute(x[lane], y[lane]);
  };
}

function unaryRun(operation: UnaryOperation, a: Value, numbers: Float32Array, bits: Int32Array): Run {
  const eachLane =
    (compute: (a: Vector, lane: number) => number, result: Float32Array | Int32Array) => () => {
      const vector = a();
      for (let lane = 0; lane < 4; lane++) result[lane] = compute(vector, lane);
    };
  switch (operation) {
    case "sqrt":
      return eachLane(({ numbers }, lane) => Math.sqrt(numbers[lane]), numbers);
    case "nearest":
      return eachLane(({ numbers }, lane) => nearest(numbers[lane]), numbers);
    case "toInteger":
      return eachLane(({ numbers }, lane) => toInteger(numbers[lane]), bits);
    case "sumLanes":
      return () => {
        const [p, q, r, s] = a().numbers;
        numbers.fill(Math.fround(p + r) + Math.fround(q + s));
      };
  }
}

/** The nearest whole number; of two, the even one. */
function nearest(x: number): number {
  const below = Math.floor(x);
  const distance = x - below;
  const down = distance === 0.5 ? below % 2 === 0 : distance < 0.5;
  const rounded = down ? below : below + 1;
  return rounded === 0 ? 0 * x : rounded; // keeps the sign of zero
}

function toInteger(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x)));
}
