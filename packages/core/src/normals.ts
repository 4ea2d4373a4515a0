import { LN2_HIGH, LN2_LOW, RECIPROCALS } from "./math.js";
import { mayCompile } from "./nodeModules.js";
import { randomStream, streamKey } from "./random.js";
import type { FloatArray } from "./tensor.js";
import { assembleModule, FunctionAssembler } from "./wasm/assembler.js";
import type { Opcode } from "./wasm/opcodes.js";

/*
 * Many normal numbers at once. `RandomStream.normal` (random.ts) is what they are; here it is written as WebAssembly, four
 * numbers at a time, operation by operation, so that the bits are the same; in Node, since a page doesn't compile on the
 * thread that asks. JavaScript that has just been loaded takes ten times as long for a network's first weights, and half of
 * that when it is warm, because it waits for each term of a series.
 */

/** Fills `data` with the first numbers of a stream, normal with mean 0 and this standard deviation. */
export function fillNormal(data: FloatArray, seed: number, name: string, deviation: number): void {
  const fill = data.length >= FEW && mayCompile() ? vectorized() : undefined;
  if (fill) fill(data, seed, streamKey(name), deviation);
  else fillOneByOne(data, seed, name, deviation);
}

/** The same without WebAssembly. */
export function fillOneByOne(data: FloatArray, seed: number, name: string, deviation: number): void {
  const random = randomStream(seed, name);
  for (let k = 0; k < data.length; k++) data[k] = deviation * random.normal(k);
}

type Fill = (data: FloatArray, seed: number, stream: number, deviation: number) => void;

/** Fewer numbers than this are not worth a module. */
const FEW = 1024;

/** How many numbers are made by a call, and where in the memory: the deviation lies before them. */
const CHUNK = 4096;
const START = 16;

/** Null: there is no WebAssembly here, or none with vectors. */
let made: Fill | null | undefined;

function vectorized(): Fill | undefined {
  if (made === undefined) {
    try {
      made = instantiate();
    } catch {
      made = null;
    }
  }
  return made ?? undefined;
}

function instantiate(): Fill {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const bytes = assembleModule({ pages: 1, maximum: 1, shared: false }, [normals()]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const run = instance.exports.normals as (...parameters: number[]) => void;
  const head = new Float64Array(memory.buffer, 0, 1);
  return (data, seed, stream, deviation) => {
    head[0] = deviation;
    for (let from = 0; from < data.length; from += CHUNK) {
      const count = Math.min(CHUNK, data.length - from);
      run(seed, stream, from, Math.ceil(count / 4));
      data.set(new Float64Array(memory.buffer, START, count), from);
    }
  };
}

/** Puts a vector on the stack. */
type Vector = () => void;

/** (seed, stream, first index, how many groups of four): numbers from START on, as float64. */
function normals(): FunctionAssembler {
  const fn = new FunctionAssembler("normals", 4);
  const [SEED, STREAM, FIRST, GROUPS] = [0, 1, 2, 3];

  const keep = (vector: Vector, local = fn.local("v128")): Vector => {
    vector();
    fn.op("local.set", local);
    return () => fn.op("local.get", local);
  };
  const apply =
    (opcode: Opcode) =>
    (...operands: Vector[]): Vector =>
    () => {
      for (const operand of operands) operand();
      fn.op(opcode);
    };
  const [add, sub, mul, div, sqrt] = (
    ["f64x2.add", "f64x2.sub", "f64x2.mul", "f64x2.div", "f64x2.sqrt"] as const
  ).map(apply);
  const [addWords, and, or, xor] = (["i32x4.add", "v128.and", "v128.or", "v128.xor"] as const).map(apply);
  const toDoubles = apply("f64x2.convert_low_i32x4_u");
  const shifted = (opcode: "i32x4.shl" | "i32x4.shr_u" | "i64x2.shr_u", a: Vector, by: number) => () => {
    a();
    fn.i32(by);
    fn.op(opcode);
  };
  const words = (...values: [number, number, number, number]): Vector => {
    return () => fn.v128(new Uint8Array(Int32Array.from(values).buffer));
  };
  const word = (value: number) => words(value, value, value, value);
  const doubles = new Map<number, Vector>();
  const double = (value: number): Vector => {
    let vector = doubles.get(value);
    if (vector === undefined) {
      vector = keep(() => fn.v128(new Uint8Array(Float64Array.of(value, value).buffer)));
      doubles.set(value, vector);
    }
    return vector;
  };
  /** A pattern of 64 bits, twice: its high word, its low word. */
  const bits = (high: number, low: number) => words(low, high, low, high);
  const splat = (local: number): Vector =>
    keep(() => {
      fn.op("local.get", local);
      fn.op("i32x4.splat");
    });

  // all constants are locals, set before the loop
  const half = double(0.5);
  const one = double(1);
  const two = double(2);
  const minusTwo = double(-2);
  const unit = double(2 ** -32);
  const pi = double(Math.PI);
  const root = double(Math.SQRT2);
  const [ln2High, ln2Low] = [double(LN2_HIGH), double(LN2_LOW)];
  const bias = double(2 ** 52 + 1023);
  const reciprocals = Array.from(RECIPROCALS, (value, n) => (n >= 2 ? double(value) : one));
  const deviation = keep(() => {
    fn.i32(0);
    fn.op("v128.load64_splat", 3, 0);
  });
  const key0 = splat(SEED);
  const key1 = splat(STREAM);
  const keys = [key0, key1, keep(xor(word(0x1bd11bda), xor(key0, key1)))];
  const counterLocal = fn.local("v128");
  const counter = keep(addWords(splat(FIRST), words(0, 1, 2, 3)), counterLocal);
  const to = fn.local("i32");
  const [x0Local, x1Local, sumLocal] = [fn.local("v128"), fn.local("v128"), fn.local("v128")];

  const threefry = (): [Vector, Vector] => {
    const x0 = keep(addWords(counter, key0), x0Local);
    const x1 = keep(key1, x1Local);
    for (let group = 1; group <= 5; group++) {
      for (const by of group % 2 === 1 ? [13, 15, 26, 6] : [17, 29, 16, 24]) {
        keep(addWords(x0, x1), x0Local);
        keep(xor(or(shifted("i32x4.shl", x1, by), shifted("i32x4.shr_u", x1, 32 - by)), x0), x1Local);
      }
      keep(addWords(x0, keys[group % 3]), x0Local);
      keep(addWords(x1, addWords(keys[(group + 1) % 3], word(group))), x1Local);
    }
    return [x0, x1];
  };

  /** The logarithm of numbers in (0, 1) that are not subnormal: as `log` in math.ts. */
  const log = (x: Vector): Vector => {
    const exponent = sub(or(shifted("i64x2.shr_u", x, 52), bits(0x43300000, 0)), bias);
    const mantissa = keep(or(and(x, bits(0x000fffff, -1)), bits(0x3ff00000, 0)));
    const large = keep(apply("f64x2.gt")(mantissa, root));
    const m = keep(apply("v128.bitselect")(mul(mantissa, half), mantissa, large));
    const k = keep(add(exponent, and(large, one)));
    const s = keep(div(sub(m, one), add(m, one)));
    const square = keep(mul(s, s));
    const sum = keep(mul(reciprocals[23], square), sumLocal);
    for (let n = 21; n >= 3; n -= 2) keep(mul(add(sum, reciprocals[n]), square), sumLocal);
    const twice = keep(mul(two, s));
    return keep(add(mul(k, ln2High), add(twice, add(mul(twice, sum), mul(k, ln2Low)))));
  };

  /** As `cosPi` in math.ts. */
  const cosPi = (t: Vector): Vector => {
    const x = keep(mul(pi, sub(half, t)));
    const square = keep(mul(x, x));
    const sum = keep(one, sumLocal);
    for (let n = 20; n >= 2; n -= 2) {
      keep(sub(one, mul(mul(mul(sum, square), reciprocals[n]), reciprocals[n + 1])), sumLocal);
    }
    return mul(x, sum);
  };

  fn.open("loop");
  const random = threefry();
  for (const pair of [0, 1]) {
    // two of the four words each: the first two, or the last two moved there
    const [radius, angle] = random.map((vector) => {
      const low = () => {
        vector();
        vector();
        fn.op("i8x16.shuffle", ...Array.from({ length: 16 }, (_, byte) => (8 * pair + byte) % 16));
      };
      return keep(mul(add(toDoubles(pair === 0 ? vector : low), half), unit));
    });
    const normal = mul(keep(sqrt(mul(minusTwo, log(radius)))), cosPi(angle));
    const scaled = keep(mul(deviation, normal));
    fn.op("local.get", to);
    scaled();
    fn.op("v128.store", 3, START + 16 * pair);
  }
  keep(addWords(counter, word(4)), counterLocal);
  fn.op("local.get", to);
  fn.i32(32);
  fn.op("i32.add");
  fn.op("local.set", to);
  fn.op("local.get", GROUPS);
  fn.i32(1);
  fn.op("i32.sub");
  fn.op("local.tee", GROUPS);
  fn.op("br_if", 0);
  fn.op("end");
  return fn;
}
