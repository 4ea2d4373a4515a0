import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { compilePlan } from "../../src/compiler/compile.js";
import { type Plan, planModel } from "../../src/compiler/plan.js";
import { kernelsOf } from "../../src/compiler/stages.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import { interpret, type KernelParameters } from "../../src/ir/interpret.js";
import { at, type Buffer, type LoopNest, load, loopNest, splat } from "../../src/ir/ir.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { randomStream } from "../../src/random.js";
import { smallNetworks } from "../support/engineCases.js";
import { engineNetworks, singleNetworks, tiledNetworks } from "../support/engineNetworks.js";
import { rareLayers } from "../support/networks.js";
import { normNetworks } from "../support/normNetworks.js";
import { cases, seeds } from "../support/properties.js";

/*
 * Every kernel of a plan, run by WebAssembly on the strict path and by the interpreter, which checks every load and store:
 * after each kernel the two memories hold the same bits.
 */

const THREADS = 2;

async function expectSameBits(plan: Plan, batchSize: number, seed: number): Promise<string[]> {
  const { bytes, pages } = compilePlan(plan, THREADS, false, { relaxed: false });
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  fill(new Float32Array(memory.buffer), plan, seed);
  const interpreted = memory.buffer.slice(0);

  const ran: string[] = [];
  const both = (kernel: LoopNest, parameters: Required<KernelParameters>) => {
    const emitted = instance.exports[kernel.name] as (...values: number[]) => void;
    emitted(parameters.workspace, parameters.slot, parameters.count, parameters.block);
    interpret(kernel, interpreted, parameters);
    const differs = firstDifference(new Float32Array(memory.buffer), new Float32Array(interpreted));
    if (differs >= 0) expect.fail(`${kernel.name} differs at word ${differs}`);
    ran.push(kernel.name);
  };
  // the last thread and the last slot: what lies past them is past the end of everything
  const workspace = plan.memory.workspaces + (THREADS - 1) * plan.memory.workspaceBytes;
  const slot = plan.memory.slots.at(-1)?.offset ?? 0;
  const blocks = Math.ceil(batchSize / plan.block);
  const ofBlocks = plan.memory.blocks;
  const block = ofBlocks.offset + (blocks - 1) * ofBlocks.strideBytes;
  for (const placed of kernelsOf(plan)) {
    const { kernel } = placed;
    if (placed.phase === "prepare") {
      both(kernel, { workspace, slot: 0, count: blocks, block: ofBlocks.offset });
    } else if (placed.phase === "batch") {
      const { chunks, weightBytes, blockBytes } = placed.chunk;
      const last = chunks - 1;
      both(kernel, { workspace, slot: last * weightBytes, count: blocks, block: last * blockBytes });
    } else if (placed.phase !== "update") {
      both(kernel, { workspace, slot, count: 0, block });
    } else {
      for (const [start, length] of placed.row.stretches) {
        const rest = length > 4 ? 4 : 0; // a chunk that doesn't begin at the beginning
        const count = (length - rest) / 4;
        if (count > 0) both(kernel, { workspace: 0, slot: 4 * (start + rest), count, block: 0 });
      }
    }
  }
  return ran;
}

/** Numbers everywhere, as bad as they can be while still being numbers, except where zeros are the rule. */
function fill(numbers: Float32Array, plan: Plan, seed: number): void {
  const random = randomStream(seed, "memory");
  const tables = plan.tables.map(({ buffer: { offset, size } }) => ({
    offset: offset / 4,
    words: new Int32Array(numbers.buffer, offset, size).slice(),
  }));
  for (let k = 0; k < numbers.length; k++) numbers[k] = random.uniform(k) < 0.1 ? 0 : random.normal(k);
  const first = plan.memory.workspaces / 4;
  const size = plan.memory.workspaceBytes / 4;
  for (let thread = 0; thread < THREADS; thread++) {
    for (const { buffer } of plan.workspace.bordersOfMinusInfinity) {
      if (buffer.region === "block") continue;
      const start = first + thread * size + buffer.offset / 4;
      numbers.fill(-Infinity, start, start + buffer.size);
    }
  }
  for (const { buffer } of plan.workspace.bordersOfMinusInfinity) {
    const { offset, strideBytes } = plan.memory.blocks;
    for (
      let block = 0;
      buffer.region === "block" && block * strideBytes + offset < plan.memory.workspaces;
      block++
    ) {
      const start = (offset + block * strideBytes + buffer.offset) / 4;
      numbers.fill(-Infinity, start, start + buffer.size);
    }
  }
  for (const { offset, words } of tables) new Int32Array(numbers.buffer).set(words, offset);
  // the sizes of gradients that Adam remembers, and its corrections, are positive
  const { step, state } = plan.memory;
  for (const { offset, size } of [step, ...state]) {
    for (let k = offset / 4; k < offset / 4 + size; k++) numbers[k] = Math.abs(numbers[k]) + 0.01;
  }
}

/** -1: none. Numbers are compared by their bits, but not what is no number: its bits are nobody's concern. */
function firstDifference(a: Float32Array, b: Float32Array): number {
  const aBits = new Int32Array(a.buffer);
  const bBits = new Int32Array(b.buffer);
  for (let k = 0; k < aBits.length; k++) {
    if (aBits[k] !== bBits[k] && !(Number.isNaN(a[k]) && Number.isNaN(b[k]))) return k;
  }
  return -1;
}

const manyWeights = defineModel(smallNetworks["many weights, for whole batches"]);
const manyTiles = defineModel(
  smallNetworks["convolutions with many weights and few tiles, for whole batches"],
);
const ways = defineModel(
  smallNetworks["ways that go apart, into layers that read other borders, and come together"],
);
const rare = defineModel(rareLayers);
/** Ways of which one ends with a ReLU that changes its gradient in place, so that it can't be that of the sum. */
const sum = defineModel({
  input: [1, 4, 4],
  layers: [
    { type: "conv2d", filters: 2, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "conv2d", filters: 2, kernel: 3, padding: 1 },
    { type: "relu" },
    { type: "add", from: ["relu1", "relu2"] },
    { type: "flatten" },
    { type: "dense", units: 2 },
  ],
});
const leaks = defineModel(smallNetworks["leaky ReLUs, before, behind and between all else"]);
const curves = defineModel(smallNetworks["smooth curves, before, behind and between all else"]);
const anyBatch = fc.integer({ min: 1, max: 40 });

const optimizers = [
  { type: "sgd", momentum: 0 },
  { type: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  { type: "adam", weightDecay: 0.01 },
  { type: "adamw" },
] as const;

/** `conv.forward` for `conv2.forward`; what any layer can have is the same for all. */
const kindOf = (name: string) => name.replace(/\d+/g, "").replace(/^\w+\.(collect|copy)$/, "$1");

test("every kernel of random networks leaves the bits that the interpreter leaves, and stays inside its buffers", async () => {
  const kernels = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        { weight: 8, arbitrary: fc.tuple(engineNetworks, anyBatch) },
        { weight: 1, arbitrary: fc.tuple(tiledNetworks, anyBatch) },
        { weight: 1, arbitrary: fc.tuple(fc.constantFrom(manyWeights, ways), anyBatch) },
        { weight: 4, arbitrary: fc.tuple(singleNetworks, fc.constant(1)) },
        { weight: 3, arbitrary: fc.tuple(normNetworks, fc.integer({ min: 2, max: 40 })) },
      ),
      fc.constantFrom(...optimizers),
      fc.boolean(),
      seeds,
      async ([model, batchSize], optimizer, clip, seed) => {
        const plan = planModel(model, { batchSize, optimizer: resolveOptimizer(optimizer), clip });
        for (const name of await expectSameBits(plan, batchSize, seed)) kernels.add(kindOf(name));
      },
    ),
    {
      ...cases(few(15, 110)),
      examples: [
        [[ways, 20], optimizers[0], false, 1],
        [[manyTiles, 20], optimizers[1], true, 1],
        [[rare, 9], optimizers[0], false, 1],
        [[sum, 9], optimizers[0], false, 1],
        [[leaks, 9], optimizers[0], false, 1],
        [[curves, 1], optimizers[0], false, 1],
      ],
    },
  );
  expect([...kernels].sort()).toEqual([
    "add.forward",
    "add.inputGradient",
    "avgpool.clear",
    "avgpool.forward",
    "avgpool.inputGradient",
    "clip.forward",
    "clip.inputGradient",
    "collect",
    "concat.forward",
    "concat.inputGradient",
    "conv.clear",
    "conv.forward",
    "conv.inputGradient",
    "conv.parameterGradients",
    "conv.prepare",
    "conv.prepareGradient",
    "conv.stash",
    "copy",
    "dropout.forward",
    "dropout.inputGradient",
    "fc.forward",
    "fc.inputGradient",
    "fc.parameterGradients",
    "fc.stash",
    "flatten.forward",
    "flatten.inputGradient",
    "flush",
    "gap.forward",
    "gap.inputGradient",
    "gelu.forward",
    "gelu.inputGradient",
    "grad.scores",
    "leaky.forward",
    "leaky.inputGradient",
    "load",
    "loss",
    "norm.combine",
    "norm.combineGradients",
    "norm.forward",
    "norm.inputGradient",
    "norm.parameterGradients",
    "norm.running",
    "norm.statistics",
    "pool.clear",
    "pool.forward",
    "pool.inputGradient",
    "reduce",
    "relu.forward",
    "relu.inputGradient",
    "scores",
    "sigmoid.forward",
    "sigmoid.inputGradient",
    "silu.forward",
    "silu.inputGradient",
    "stem.forward",
    "stem.parameterGradients",
    "stem.prepare",
    "tanh.forward",
    "tanh.inputGradient",
    "update",
  ]);
});

test("so does every kernel of one image that is only predicted", async () => {
  const kernels = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        { weight: 5, arbitrary: engineNetworks },
        { weight: 1, arbitrary: tiledNetworks },
        { weight: 2, arbitrary: normNetworks },
      ),
      seeds,
      async (model, seed) => {
        const plan = planModel(model, undefined, { oneImage: true });
        expect(plan.block).toBe(1);
        for (const name of await expectSameBits(plan, 1, seed)) kernels.add(kindOf(name));
      },
    ),
    {
      ...cases(few(20, 110)),
      examples: [ways, rare, leaks, curves, manyWeights].map((model): [Model, number] => [model, 1]),
    },
  );
  expect(kernels).toEqual(
    new Set([
      ...["load", "cells", "copy", "add.forward", "concat.forward", "avgpool.forward", "pool.forward"],
      ...["conv.prepare", "conv.prepareBias", "conv.forward", "stem.prepare", "stem.forward"],
      ...["norm.prepare", "norm.prepareFactor", "norm.forward", "dropout.forward", "gap.forward"],
      ...["flatten.forward", "fc.prepare", "fc.forward", "relu.forward", "leaky.forward", "clip.forward"],
      ...["sigmoid.forward", "tanh.forward", "silu.forward", "gelu.forward"],
    ]),
  );
});

describe("what leaves its buffer is caught, with kernel, buffer and place", () => {
  const buffer: Buffer = { name: "five", region: "shared", offset: 0, size: 5 };
  const run = (write: Parameters<typeof loopNest>[1]) => () =>
    interpret(loopNest("bad", write), new ArrayBuffer(64));

  test("a load", () => {
    expect(run((b) => b.variable(load(at(buffer, 1))))).not.toThrow();
    expect(run((b) => b.variable(load(at(buffer, 2))))).toThrow("bad: load of 4 at five[2], which has 5");
    expect(run((b) => b.variable(load(at(buffer, -1))))).toThrow("five[-1]");
  });

  test("a splat", () => {
    expect(run((b) => b.variable(splat(at(buffer, 4))))).not.toThrow();
    expect(run((b) => b.variable(splat(at(buffer, 5))))).toThrow("bad: splat of 1 at five[5]");
  });

  test("a store in a loop that runs too often", () => {
    const store = (count: number) =>
      run((b) => b.loop("k", count, (k) => b.storeLane(at(buffer, 0, [k, 2]), splat(at(buffer, 0)))));
    expect(store(3)).not.toThrow();
    expect(store(4)).toThrow("bad: store of 1 at five[6], which has 5");
  });

  test("a chunk at the end of all parameters", () => {
    const row: Buffer = { name: "parameters", region: "chunk", offset: 0, size: 12 };
    const kernel = loopNest("bad", (b) =>
      b.loop("k", "parameter", (k) => b.variable(load(at(row, 0, [k, 4])))),
    );
    interpret(kernel, new ArrayBuffer(64), { slot: 32, count: 1 });
    expect(() => interpret(kernel, new ArrayBuffer(64), { slot: 32, count: 2 })).toThrow("parameters[12]");
  });
});
