import {
  type Address,
  type Buffer,
  type Expression,
  type Index,
  type Loop,
  type LoopNest,
  type Pointer,
  type Region,
  type Register,
  type Statement,
  type Sum,
  WORKGROUP_BYTES,
} from "./ir.js";
import { forEachStretch, type Part, partsOf, productOf } from "./parts.js";
import { binaryRun, type Run, unaryRun, type Value, Vector } from "./vectors.js";

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
 * @param reversed whether parallel loops run from their last round to the first, which may change nothing
 * @throws Error that names nest, buffer and place if a load or store lies outside of its buffer
 */
export function interpret(
  nest: LoopNest,
  memory: ArrayBuffer,
  parameters: KernelParameters = {},
  reversed = false,
): void {
  const { workspace = 0, slot = 0, block = 0, count = 0 } = parameters;
  const starts = { shared: 0, workspace, slot, block, chunk: slot, workgroup: 0 };
  new Interpreter(nest.name, memory, starts, count, reversed).body(nest.body)();
}

/** Turns statements into closures, each with a vector of its own for its result. */
class Interpreter {
  readonly #nest: string;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #workgroup = new Float32Array(WORKGROUP_BYTES / 4);
  readonly #workgroupWords = new Int32Array(this.#workgroup.buffer);
  readonly #starts: Readonly<Record<Region, number>>;
  readonly #count: number;
  readonly #reversed: boolean;
  readonly #counters = new Map<Index, { value: number }>();
  /** Of a pointer, the first of the four numbers is the word where it points. */
  #registers = new Map<Register | Pointer, Vector>();

  constructor(
    nest: string,
    memory: ArrayBuffer,
    starts: Readonly<Record<Region, number>>,
    count: number,
    reversed: boolean,
  ) {
    this.#nest = nest;
    this.#bytes = new Uint8Array(memory);
    this.#words = new Int32Array(memory);
    this.#starts = starts;
    this.#count = count;
    this.#reversed = reversed;
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
    if (statement.kind === "barrier") throw new Error(`${this.#nest}: a barrier outside of a workgroup`);
    if (statement.kind === "when") {
      const sum = this.#sum(statement.sum);
      const inside = this.body(statement.body);
      return () => {
        if (sum() < statement.below) inside();
      };
    }
    if (statement.kind === "point") {
      const pointer = this.#register(statement.pointer);
      const address = this.#place(statement.address, 1, "pointer");
      const table = this.#place(statement.table, 1, "table");
      const unit = statement.address.buffer.bytes ? 1 : 4;
      return () => {
        pointer.bits[0] = address() + this.#words[table()] / unit; // the table counts bytes
      };
    }
    const value = this.#value(statement.value);
    if (statement.kind === "set") {
      const register = this.#register(statement.register);
      return () => register.set(value());
    }
    const lanes = statement.kind === "store" ? 4 : 1;
    const place = this.#place(statement.address, lanes, "store");
    const words = this.#wordsOf(statement.address.buffer);
    return () => {
      const { bits } = value();
      const word = place();
      for (let lane = 0; lane < lanes; lane++) words[word + lane] = bits[lane];
    };
  }

  #loop(loop: Loop): Run {
    if (loop.parallel === "lanes") return this.#lanes(partsOf([loop])[0]);
    return this.#rounds(loop, this.body(loop.body));
  }

  #rounds({ index, count, parallel }: Loop, run: Run): Run {
    const counter = this.#counter(index);
    const times = this.#times(count);
    const backwards = this.#reversed && parallel;
    return () => {
      const end = times();
      for (let k = 0; k < end; k++) {
        counter.value = backwards ? end - 1 - k : k;
        run();
      }
    };
  }

  /** The lanes of a workgroup: one after the other, but none goes past a barrier before all have come to it. */
  #lanes({ lanes, body }: Part): Run {
    const outer = this.#registers;
    this.#registers = new Map(); // each lane has its own
    let lane = 0;
    const ofLanes: Vector[][] = [];
    const registers: Vector[] = [];
    const eachLane = (run: Run): Run => {
      const one = () => {
        for (const [k, register] of registers.entries()) register.become(ofLanes[lane][k]);
        lane += 1;
        run();
      };
      const all = lanes.reduceRight<Run>((inner, loop) => this.#rounds(loop, inner), one);
      return () => {
        lane = 0;
        all();
      };
    };
    const inStep = (statements: readonly Statement[]): Run => {
      const runs: Run[] = [];
      forEachStretch(
        statements,
        (stretch) => runs.push(eachLane(this.body(stretch))),
        (one) => one.kind === "loop" && runs.push(this.#rounds(one, inStep(one.body))),
      );
      return () => {
        for (const run of runs) run();
      };
    };
    const run = inStep(body);
    registers.push(...this.#registers.values());
    for (let k = productOf(lanes); k > 0; k--) ofLanes.push(registers.map(() => new Vector()));
    this.#registers = outer;
    return () => {
      this.#workgroup.fill(Number.NaN); // whatever is read must have been written
      run();
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

  #register(register: Register | Pointer): Vector {
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
    const sum = this.#sum({ offset, terms });
    const from = pointer && this.#register(pointer);
    return () => {
      const cell = from ? from.bits[0] - start + sum() : sum();
      if (before + cell < 0 || before + cell + lanes > buffer.size) {
        throw new Error(
          `${this.#nest}: ${what} of ${lanes} at ${buffer.name}[${before + cell}], which has ${buffer.size}`,
        );
      }
      return start + cell;
    };
  }

  #sum({ offset, terms }: Sum): () => number {
    const steps = terms.map(([index, stride]) => ({ counter: this.#counter(index), stride }));
    return () => {
      let sum = offset;
      for (const { counter, stride } of steps) sum += counter.value * stride;
      return sum;
    };
  }

  #wordsOf({ region }: Buffer): Int32Array {
    return region === "workgroup" ? this.#workgroupWords : this.#words;
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
        const words = this.#wordsOf(expression.address.buffer);
        return () => {
          const word = place();
          for (let lane = 0; lane < 4; lane++) bits[lane] = words[word + lane];
        };
      }
      case "splat": {
        const place = this.#place(expression.address, 1, "splat");
        const words = this.#wordsOf(expression.address.buffer);
        return () => bits.fill(words[place()]);
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
