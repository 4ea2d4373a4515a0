import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { few } from "../../../../../test/support/long.js";
import { describeShaders } from "../../../src/compiler/webgpu/describe.js";
import { type Factor, partsOfProduct, tiledProduct } from "../../../src/compiler/webgpu/tiledProduct.js";
import { TUNING } from "../../../src/compiler/webgpu/tuning.js";
import { defineModel, type ModelSpec } from "../../../src/graph/model.js";
import { interpret } from "../../../src/ir/interpret.js";
import type { Buffer } from "../../../src/ir/ir.js";
import { randomStream } from "../../../src/random.js";
import { copyAll } from "../../../src/tensor.js";
import { randomImages } from "../../support/engineCases.js";
import { expectNoRacesIn, interpretStep } from "../../support/interpretedBatch.js";
import { randomParameters } from "../../support/networks.js";
import { cases, seeds } from "../../support/properties.js";
import { expectNoRaces } from "../../support/races.js";

/* Products in tiles that go through workgroup memory, run by the interpreter: at sizes that tiles divide, and others. */

const { ...before } = TUNING;
afterEach(() => {
  Object.assign(TUNING, before);
});

/** A length, perhaps that of a tile or one beside it. */
const length = (tile: number, unit: number) =>
  fc
    .oneof(fc.integer({ min: 1, max: tile }), fc.constantFrom(tile - unit, tile, tile + unit))
    .map((count) => Math.ceil(count / unit) * unit);

const products = fc
  .record({ leftTurned: fc.boolean(), rightTurned: fc.boolean() })
  .chain(({ leftTurned, rightTurned }) =>
    fc.record({
      turned: fc.constant([leftTurned, rightTurned]),
      rows: length(128, leftTurned ? 1 : 4),
      columns: length(64, 4),
      summed: length(48, leftTurned || rightTurned ? 4 : 1),
      busy: fc.integer({ min: 1, max: 12 }),
      seed: seeds,
    }),
  );

test("any sizes, either way round: the product of both matrices, in any order of lanes and workgroups", () => {
  fc.assert(
    fc.property(products, ({ turned, rows, columns, summed, busy, seed }) => {
      TUNING.tiledBusy = busy;
      const parts = partsOfProduct({ rows, columns, summed });
      const sizes = [rows * summed, summed * columns, parts * rows * columns];
      const starts = sizes.map((_, k) => sizes.slice(0, k).reduce((sum, size) => sum + size, 0));
      const buffers = sizes.map(
        (size, k): Buffer => ({ name: `m${k}`, region: "shared", offset: 4 * starts[k], size }),
      );
      const random = randomStream(seed, "numbers");
      const numbers = Float32Array.from({ length: starts[2] }, (_, k) => random.uniform(k) - 0.5);
      const factor = (k: number, lines: number): Factor => ({
        ...{ buffer: buffers[k], start: 0 },
        ...(turned[k] ? { across: summed, along: 1 } : { across: 1, along: lines }),
      });
      const factors = [factor(0, rows), factor(1, columns)];
      const result = { buffer: buffers[2], start: 0, row: columns, part: rows * columns };
      const nest = tiledProduct("product", { rows, columns, summed }, factors[0], factors[1], result, parts);

      const run = (reversed: boolean) => {
        const memory = new ArrayBuffer(4 * (starts[2] + sizes[2]));
        new Float32Array(memory).set(numbers);
        interpret(nest, memory, {}, reversed);
        return new Float32Array(memory, 4 * starts[2]);
      };
      const all = run(false);
      const cell = (k: number, line: number, n: number) =>
        numbers[starts[k] + line * factors[k].across + n * factors[k].along];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          let [exact, actual] = [0, 0];
          for (let n = 0; n < summed; n++) exact += cell(0, row, n) * cell(1, column, n);
          for (let part = 0; part < parts; part++) actual += all[(part * rows + row) * columns + column];
          if (!(Math.abs(actual - exact) < 1e-5))
            throw new Error(`[${row}, ${column}] is ${actual}, not ${exact}`);
        }
      }
      expect(run(true)).toEqual(all);
      expectNoRaces(nest, ({ offset }) => offset / 4, starts[2] + sizes[2]);
    }),
    cases(few(6, 100)),
  );
});

describe("dense layers", () => {
  /** One layer with all three products, and a last one whose rows of weights are no whole vectors. */
  const spec: ModelSpec = {
    input: [1, 1, 12],
    layers: [
      { type: "flatten" },
      { type: "dense", units: 20 },
      { type: "relu" },
      { type: "dense", units: 18 },
      { type: "dense", units: 3 },
    ],
  };
  const model = defineModel(spec);
  const kernels = (batchSize: number) => describeShaders(spec, { batchSize }).kernels;
  const tiledOnes = (batchSize: number) =>
    kernels(batchSize)
      .filter(({ code }) => code.includes("workgroupBarrier();"))
      .map(({ name }) => name);

  beforeEach(() => {
    Object.assign(TUNING, { tiledFrom: 1, tiledFilled: 0, tiledBusy: 1 });
  });

  test("a batch one image short: the same numbers as without tiles, but for the order of sums", () => {
    const [images, size] = [15, 16];
    const parameters = copyAll(randomParameters(model, 3), "float32");
    const data = randomImages(model, images, 3);
    const indices = Array.from({ length: images }, (_, n) => n);
    const step = (reversed = false) => interpretStep(model, parameters, data, indices, { size, reversed });
    const tiled = step();
    expect(step(true)).toEqual(tiled);
    expectNoRacesIn(model, size);
    TUNING.tiledFrom = Number.POSITIVE_INFINITY;
    const plain = step();
    const close = (what: string, actual: ArrayLike<number>, exact: ArrayLike<number>) => {
      expect(exact.length).toBeGreaterThan(0);
      const largest = Math.max(...Array.from(exact, Math.abs));
      for (let k = 0; k < exact.length; k++)
        expect(Math.abs(actual[k] - exact[k]), `${what}[${k}]`).toBeLessThan(2e-6 * largest);
    };
    close("logits", tiled.logits, plain.logits);
    for (const [name, numbers] of Object.entries(plain.gradients))
      close(name, tiled.gradients[name], numbers);
  });

  test("each product that is large enough is tiled, and any device binds its storages", () => {
    expect(tiledOnes(64)).toEqual([
      "fc1.forward.parts",
      "fc2.forward.parts",
      "fc2.gradients",
      "fc1.gradients",
    ]);
    for (const { buffers } of kernels(64)) expect(buffers.length).toBeLessThanOrEqual(8);
    TUNING.tiledFrom = 20 * 18 * 64;
    expect(tiledOnes(64)).toEqual(["fc2.forward.parts", "fc2.gradients"]);
    TUNING.tiledFrom += 1;
    expect(tiledOnes(64)).toEqual([]);
    Object.assign(TUNING, { tiledFrom: 1, tiledFilled: 0.15 }); // 20 of 128 rows, but not 18
    expect(tiledOnes(128)).toEqual(["fc1.forward.parts", "fc2.gradients"]);
    Object.assign(TUNING, { tiledFilled: 0, tiledBusy: 6 }); // three workgroups, but there are two
    expect(tiledOnes(128)).toEqual([]);
  });
});
