import { describe, expect, test } from "vitest";
import { expectFailure } from "../../../test/support/sentence.js";
import {
  createEngine,
  evaluate,
  fit,
  inputFromPicture,
  type OptimizerSpec,
  oneConv,
  predict,
} from "../src/index.js";
import { bars, barsNetwork } from "./support/bars.js";
import { createReferenceEngine } from "./support/referenceEngine.js";

/*
 * What is taken as it is given, though it is not the plainest form; and an engine that is closed, which takes nothing.
 */

const data = bars(20);
const size = data.images.length / 20;
const engine = await createReferenceEngine(barsNetwork);

describe("taken", () => {
  test("options that are undefined are the defaults", async () => {
    const fresh = () => createReferenceEngine(barsNetwork, { seed: undefined });
    const [a, b] = [await fresh(), await fresh()];
    const undefinedOnes = {
      batchSize: undefined,
      optimizer: undefined,
      learningRate: undefined,
      clip: undefined,
    };
    await fit(a, data, {
      epochs: 1,
      ...undefinedOnes,
      schedule: undefined,
      seed: undefined,
      validation: undefined,
    });
    await fit(b, data, { epochs: 1 });
    expect(a.parameters()).toEqual(b.parameters());
  });

  test("an optimizer by its name alone", async () => {
    const trained = async (optimizer: OptimizerSpec) => {
      const one = await createReferenceEngine(barsNetwork);
      await fit(one, data, { epochs: 1, optimizer });
      return one.parameters();
    };
    expect(await trained("sgd")).toEqual(await trained({ type: "sgd" }));
  });

  test("a batch as large as one likes is all images, and learns at the rate of so many", async () => {
    const history = [];
    for (const batchSize of [20, 2e10]) {
      const one = await createReferenceEngine(barsNetwork);
      const { epochs } = await fit(one, data, { epochs: 2, batchSize });
      history.push([epochs[1].loss, one.parameters()]);
    }
    expect(history[1]).toEqual(history[0]);
  });

  test("an ImageData, and Node's Buffers", async () => {
    const grey = { ...oneConv({ input: [1, 2, 2] }) };
    const pixels = { width: 2, height: 2, colorSpace: "srgb", data: new Uint8ClampedArray(16).fill(255) };
    pixels.data.set([10, 20, 30, 255], 4);
    const asPicture = { width: 2, height: 2, channels: 4, depth: 8, data: pixels.data } as const;
    const shape = { inputShape: [1, 2, 2], classes: ["ab", "cd"] } as const;
    expect(inputFromPicture(shape, pixels, { raw: true })).toEqual(
      inputFromPicture(shape, asPicture, { raw: true }),
    );
    expect(grey.input).toEqual([1, 2, 2]);
    const buffers = { ...data, images: Buffer.from(data.images), labels: Buffer.from(data.labels) };
    expect(await evaluate(engine, buffers)).toEqual(await evaluate(engine, data));
  });
});

describe("a closed engine", () => {
  test.each([["wasm"], ["reference"]] as const)(
    "%s: refuses everything, but still has its parameters",
    async (kind) => {
      const closed = await createEngine(barsNetwork, { engine: kind, threads: kind === "wasm" ? 1 : 0 });
      const before = closed.parameters();
      const run = await closed.startTraining(data, { batchSize: 2, optimizer: { type: "sgd" } as never });
      await closed.close();
      await closed.close();
      for (const batchSize of [1, 8, 9, 64]) {
        await expectFailure(() => fit(closed, data, { epochs: 1, batchSize }), /^The engine was closed/);
      }
      await expectFailure(() => run.epoch(Uint32Array.of(1), Float64Array.of(1)), /^The engine was closed/);
      await expectFailure(() => predict(closed, data.images.subarray(0, size)), /^The engine was closed/);
      await expectFailure(() => evaluate(closed, data), /^The engine was closed/);
      await expectFailure(() => closed.setParameters(before), /^The engine was closed/);
      expect(closed.parameters()).toEqual(before);
    },
  );
});
