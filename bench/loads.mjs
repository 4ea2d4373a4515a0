// What multiply-adds cost that must load what they multiply: the ceiling of every kernel.
//
//   npm run build && node bench/loads.mjs [--seconds 3]
//
// Loops of 8 multiply-adds into 8 sums and of some loads, four times written out with fences between them, from a few
// kilobytes that stay in the first-level cache; no loop inside another, no store. Beside them the loop that measures the
// peak, which loads nothing. All take turns, in runs of some hundred microseconds; what each reaches in the best eighth of
// its runs counts.
import { setFlagsFromString } from "node:v8";
import { readArguments } from "../scripts/arguments.mjs";

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
const { seconds } = readArguments({ seconds: 3 });

const compiler = new URL("../packages/core/dist/compiler/", import.meta.url);
const { emitKernel } = await import(new URL("emit.js", compiler));
const { add, at, constant, load, madd, nest } = await import(new URL("nest.js", compiler));
const { assembleModule } = await import(new URL("wasm/assembler.js", compiler));

const ROUNDS = 4096;
const COPIES = 4;
const room = { name: "room", region: "shared", offset: 0, size: 4096 };

/** `body(b, sums, copy)` is one copy of the loop. */
function kernel(name, sumCount, copies, body) {
  const made = nest(name, (b) => {
    const sums = Array.from({ length: sumCount }, (_, k) => b.variable(constant(k)));
    b.loop("round", ROUNDS / copies, () => {
      for (let copy = 0; copy < copies; copy++) {
        if (copy > 0) b.fence();
        body(b, sums, copy);
      }
    });
    b.store(at(room, 0), sums.reduce(add));
  });
  return { name, loads: (sumCount === 8 && Number(name.slice(5))) || 0, madds: ROUNDS * sumCount, made };
}

const kernels = [
  kernel("peak", 12, 1, (b, sums) => {
    const factor = b.variable(constant(0.5));
    for (const sum of sums) sum.set(madd(factor, factor, sum));
  }),
  ...[2, 3, 4, 6].map((loads) =>
    kernel(`loads${loads}`, 8, COPIES, (b, sums, copy) => {
      const factors = Array.from({ length: loads }, (_, k) =>
        b.variable(load(at(room, 64 + 4 * (copy * loads + k)))),
      );
      // as in a tile: half of what was loaded meets the other half
      const [left, right] = [factors.slice(0, Math.ceil(loads / 2)), factors.slice(-Math.ceil(loads / 2))];
      for (const [k, sum] of sums.entries()) {
        sum.set(madd(left[k % left.length], right[(k >> 1) % right.length], sum));
      }
    }),
  ),
];

const bytes = assembleModule(
  { pages: 1, maximum: 1, shared: false },
  kernels.map(({ made }) => emitKernel(made, { relaxed: true })),
);
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });

const CALLS = 50;
const rates = new Map(kernels.map((each) => [each, []]));
for (const warm of [true, false]) {
  const end = performance.now() + (warm ? 1 : seconds) * 1000;
  while (performance.now() < end) {
    for (const each of kernels) {
      const start = performance.now();
      for (let call = 0; call < CALLS; call++) instance.exports[each.name](0, 0, 0, 0);
      const rate = (2 * 4 * each.madds * CALLS) / (performance.now() - start) / 1e6;
      if (!warm) rates.get(each).push(rate);
    }
    await new Promise((resolve) => setTimeout(resolve)); // lets V8 put in what it has compiled
  }
}

const good = (each) => rates.get(each).sort((a, b) => b - a)[rates.get(each).length >> 3];
const peak = good(kernels[0]);
console.log("| loads for 8 multiply-adds | GFLOP/s | of the peak |");
console.log("|---|---|---|");
for (const each of kernels) {
  console.log(`| ${each.loads} | ${good(each).toFixed(1)} | ${Math.round((100 * good(each)) / peak)}% |`);
}
