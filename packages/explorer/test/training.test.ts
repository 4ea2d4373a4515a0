import { createEngine, defineModel, evaluate, fit, InputError, oneConv } from "unravel-cnn";
import { describe, expect, onTestFinished, test } from "vitest";
import { idx, idxImages, idxLabels } from "../../core/test/support/idxFiles.js";
import { formatLink, parseLink } from "../src/state/link.js";
import { isDataFile, loadImages } from "../src/training/data.js";
import { Session } from "../src/training/session.js";
import {
  checkSettings,
  commandFor,
  defaults,
  type Settings,
  specOf,
  titleOf,
} from "../src/training/settings.js";
import { largestIndex, updateOf } from "../src/training/update.js";
import { drawnPair, idxFilesOf } from "./support/training.js";

/*
 * What training on the page rests on, without a browser.
 */

const settings = (some: Partial<Settings>): Settings => ({ ...defaults, ...some });

describe("settings", () => {
  test("the default network is one-conv; others have a second convolution or a dense layer", () => {
    expect(specOf(defaults)).toEqual(oneConv({ classes: [..."0123456789"] }));
    const { layers, parameterCount } = defineModel(
      specOf(settings({ filters: 4, kernel: 5, filters2: 6, units: 20 })),
    );
    expect(layers.map(({ name, outputShape }) => `${name} ${outputShape.join("x")}`)).toEqual([
      "conv1 4x24x24",
      "relu1 4x24x24",
      "pool1 4x12x12",
      "conv2 6x8x8",
      "relu2 6x8x8",
      "pool2 6x4x4",
      "flatten1 96",
      "fc1 20",
      "relu3 20",
      "fc2 10",
    ]);
    expect(parameterCount).toBe(4 * 26 + 6 * 101 + 20 * 97 + 10 * 21);
  });

  test("titles say what it is", () => {
    expect(titleOf(defaults)).toBe("one-conv, 8 filters");
    expect(titleOf(settings({ filters: 1, kernel: 5 }))).toBe("1 filter of 5×5");
    expect(titleOf(settings({ filters2: 16, units: 30 }))).toBe("8 and 16 filters, 30 units");
  });

  test.each([
    [{ filters: 0 }, "The number of filters must be a whole number from 1 to 64."],
    [{ batchSize: 1.5 }, "The batch size must be a whole number from 1 to 4096."],
    [{ learningRate: 0 }, "The learning rate must be a number above 0."],
    [{ images: 10, validation: 10 }, "Of 10 training images 10 can't be set aside: some must be left."],
  ])("%o is refused in one sentence", (some, sentence) => {
    expect(() => checkSettings(settings(some))).toThrow(new InputError(sentence));
  });

  test("a link carries what differs from the defaults, and nothing else", () => {
    const own = settings({
      data: "mnist",
      filters: 16,
      kernel: 5,
      filters2: 4,
      units: 30,
      optimizer: "sgd",
      learningRate: 0.05,
      schedule: "constant",
      batchSize: 64,
      epochs: 12,
      seed: 4_294_967_295,
      images: 5000,
      validation: 0,
      engine: "auto",
    });
    const link = formatLink({ tab: "train", settings: own });
    expect(link).toBe(
      "tab=train&data=mnist&images=5000&validation=0&filters=16&kernel=5&filters2=4&units=30&batch=64&epochs=12&seed=4294967295&optimizer=sgd&rate=0.05&schedule=constant&engine=auto",
    );
    expect(parseLink(link)).toMatchObject({ tab: "train", settings: own });
    expect(formatLink({ settings: defaults })).toBe("");
  });

  test("the command for the same weights, where there is one", () => {
    expect(commandFor(defaults)).toBe(
      "unravel train --model one-conv --data digits --limit 10000 --validation 1000",
    );
    expect(
      commandFor(
        settings({ filters: 4, optimizer: "sgd", learningRate: 0.05, schedule: "constant", seed: 2 }),
      ),
    ).toBe(
      "unravel train --model one-conv --filters 4 --data digits --limit 10000 --validation 1000 --optimizer sgd --learning-rate 0.05 --schedule constant --seed 2",
    );
    expect(commandFor(settings({ network: "lenet5", augment: true }))).toBe(
      "unravel train --model lenet5 --data digits --limit 10000 --validation 1000 --augment shift=2,rotate=10,scale=0.1,shear=5",
    );
    expect(commandFor(settings({ kernel: 5 }))).toBeUndefined();
    expect(commandFor(settings({ data: "files" }))).toBeUndefined();
    expect(commandFor(settings({ engine: "webgpu" })), "a GPU rounds otherwise").toBeUndefined();
  });

  test("what can't be in a link is as it is by default", () => {
    const link =
      "engine=reference&data=moon&filters=65&kernel=0&batch=x&rate=-1&optimizer=magic&schedule=&epochs=1e3&seed=-1";
    expect(parseLink(link).settings).toEqual(defaults);
    expect(parseLink("images=500&validation=500").settings).toEqual(settings({ images: 500, validation: 0 }));
  });
});

describe("files that a visitor gives", () => {
  const files = async (change: Record<string, Uint8Array | undefined> = {}) => {
    const all = { ...idxFilesOf(await drawnPair(20, 10)), ...change };
    return Object.entries(all).flatMap(([name, bytes]) =>
      bytes ? [new File([bytes as BlobPart], name)] : [],
    );
  };
  const load = async (change?: Record<string, Uint8Array | undefined>) =>
    loadImages({ name: "files", images: 15, files: await files(change) });

  test("in any order, packed or not, with a dot; only as many as are wanted", async () => {
    const pair = await drawnPair(20, 10);
    const given = (await files()).reverse();
    const dotted = new File([await given[2].arrayBuffer()], given[2].name.replace("-idx", ".idx"));
    const loaded = await loadImages({ name: "files", images: 15, files: given.with(2, dotted) });
    expect(loaded.train.labels).toEqual(pair.train.labels.slice(0, 15));
    expect(loaded.train.images).toEqual(pair.train.images.slice(0, 15 * 784));
    expect(loaded.test.images).toEqual(pair.test.images);
  });

  test("of EMNIST, turned as it is laid out, and of QMNIST, whose labels are rows", async () => {
    const letters = ["train", "test"].flatMap((part) => [
      new File([idxImages(2, 2, 3) as BlobPart], `emnist-letters-${part}-images-idx3-ubyte`),
      new File([idxLabels([1, 26]) as BlobPart], `emnist-letters-${part}-labels-idx1-ubyte`),
    ]);
    const { train } = await loadImages({ name: "files", images: 15, files: letters });
    expect(train.shape).toEqual([1, 3, 2]);
    expect([...train.images.slice(0, 6)]).toEqual([0, 3, 1, 4, 2, 5]);
    expect([...train.labels].map((label) => train.classes[label])).toEqual(["a", "z"]);

    const row = Uint8Array.of(
      0,
      0,
      0,
      7,
      0,
      0,
      0,
      1,
      0,
      0,
      0,
      2,
      0,
      0,
      0,
      3,
      0,
      0,
      0,
      4,
      0,
      0,
      0,
      5,
      0,
      0,
      0,
      6,
      0,
      0,
      0,
      7,
    );
    const qmnist = ["train", "test"].flatMap((part) => [
      new File([idxImages(1, 2, 3) as BlobPart], `qmnist-${part}-images-idx3-ubyte`),
      new File([idx(0xc02, [1, 8], row) as BlobPart], `qmnist-${part}-labels-idx2-int`),
    ]);
    const loaded = await loadImages({ name: "files", images: 15, files: qmnist });
    expect([...loaded.test.labels]).toEqual([7]);

    await expect(loadImages({ name: "files", images: 15, files: [...letters, ...qmnist] })).rejects.toThrow(
      "These are the files of several data sets: EMNIST letters, QMNIST; give the four files of one.",
    );
    await expect(loadImages({ name: "files", images: 15, files: letters.slice(1) })).rejects.toThrow(
      "emnist-letters-train-images-idx3-ubyte is missing",
    );
  });

  test("are known by their names", () => {
    expect(isDataFile("emnist-balanced-test-labels-idx1-ubyte.gz")).toBe(true);
    expect(isDataFile("qmnist-train-labels-idx2-int")).toBe(true);
    expect(isDataFile("emnist-words-train-images-idx3-ubyte")).toBe(false);
    expect(isDataFile("train-images-idx3-ubyte.gz")).toBe(true);
    expect(isDataFile("T10K-LABELS.IDX1-UBYTE")).toBe(true);
    expect(isDataFile("train-images.png")).toBe(false);
  });

  test.each([
    [
      { "train-labels-idx1-ubyte": undefined },
      "Of the four files of a data set train-labels-idx1-ubyte is missing; give all four together (.gz or not).",
    ],
    [
      { "t10k-images-idx3-ubyte.gz": Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2, 3) },
      "t10k-images-idx3-ubyte.gz: the gzip data is damaged; get it again.",
    ],
    [
      { "train-labels-idx1-ubyte": Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 9, 1, 2) },
      "train-labels-idx1-ubyte: its header promises 9 = 9 bytes of labels, but 2 follow: the file is cut short; get it again.",
    ],
  ])("%o: one sentence", async (change, sentence) => {
    await expect(load(change)).rejects.toThrow(new InputError(sentence));
  });
});

describe("a session", () => {
  test("says where it is, and when the network has died", async () => {
    const { train, test } = await drawnPair(64, 8);
    const blank = { ...train, images: train.images.map(() => 0) }; // with nothing to see, no weight has a gradient
    const session = await Session.open(
      settings({ epochs: 160, batchSize: 64, validation: 0 }),
      { train: blank, test },
      { threads: 0 },
    );
    onTestFinished(() => session.close());
    expect(session.place()).toEqual({ done: false, steps: 0, epoch: 1, images: 0, death: undefined });
    while (!session.training.done) await session.advance();
    expect(session.place()).toMatchObject({
      done: true,
      steps: 160,
      death: expect.stringMatching(/^The network has died: no weight has changed for \d+ steps/),
    });
  });

  const small = settings({ images: 60, validation: 12, filters: 3, epochs: 2, batchSize: 10, seed: 5 });

  const opened = async (some: Partial<Settings> = {}, state?: Awaited<ReturnType<typeof kept>>) => {
    const session = await Session.open({ ...small, ...some }, await drawnPair(60, 20), { threads: 0, state });
    onTestFinished(() => session.close());
    return session;
  };
  const kept = async (session: Session) => structuredClone(await session.training.state());

  test("where there is no GPU: a sentence, and WebAssembly, with the bits that it has", async () => {
    const pair = await drawnPair(60, 20);
    const parameters = [];
    for (const engine of ["wasm", "webgpu", "auto"] as const) {
      const said: string[] = [];
      const onNotice = (sentence: string) => void said.push(sentence);
      const session = await Session.open({ ...small, engine }, pair, { threads: 0, onNotice });
      onTestFinished(() => session.close());
      await session.advance();
      await session.step();
      parameters.push(session.engine.parameters());
      expect(await session.peak()).toBeGreaterThan(0);
      const sentence = "This browser has no GPU that a page can use: WebAssembly trains.";
      expect(said).toEqual(engine === "wasm" ? [] : [sentence]);
    }
    expect(parameters[1]).toEqual(parameters[0]);
    expect(parameters[2]).toEqual(parameters[0]);
  });

  test("in pieces, by single steps, stopped and gone on with: the bits of fit", async () => {
    const { train } = await drawnPair(60, 20);
    const engine = await createEngine(specOf(small), { threads: 0, seed: 5 });
    await fit(engine, train, { epochs: 2, batchSize: 10, seed: 5, validation: 12 });
    const first = await opened();
    await first.step();
    await first.advance();
    const second = await opened({}, await kept(first));
    expect(second.training.steps).toBe(first.training.steps);
    await second.look("validation");
    while (!second.training.done) await second.advance();
    expect(second.engine.parameters()).toEqual(engine.parameters());
  });

  test("looks at images set aside, and at the test images when all is over", async () => {
    const session = await opened();
    expect(await session.look("validation")).toMatchObject({ on: "validation", count: 12 });
    expect(await session.look("test")).toBeUndefined(); // not before
    while (!session.training.done) await session.advance();
    expect(await session.look("validation")).toMatchObject({ on: "validation", count: 12 });
    const look = await session.look("test");
    const { test: images } = await drawnPair(60, 20);
    const right = await evaluate(session.engine, images);
    expect(look).toMatchObject({ on: "test", count: 20, ...right });
    const wrong = Math.round(20 * (1 - right.accuracy));
    expect(wrong).toBeGreaterThan(0);
    expect(look?.mistakes).toHaveLength(Math.min(18, wrong));
    for (const { label, predicted, probability } of look?.mistakes ?? []) {
      expect(predicted).not.toBe(label);
      expect(probability).toBeGreaterThan(0.1);
    }
    expect(await (await opened({ validation: 0 })).look("validation")).toBeUndefined();
  });

  test.each([{ optimizer: "adam" }, { optimizer: "adamw" }, { optimizer: "sgd" }] as const)(
    "a step tells what happened to each weight, with %o",
    async (some) => {
      const session = await opened(some);
      await session.step();
      const record = await session.step();
      expect([record.step, record.epoch, record.labels.length, record.images.length]).toEqual([
        2, 1, 10, 7840,
      ]);
      expect(record.before).not.toEqual(record.after);
      const { optimizer } = session.training.settings;
      const index = largestIndex(record.memoryAfter[0]["fc1.weight"]);
      // the gradient, from what the optimizer remembers of it
      const [memory] = updateOf(record, optimizer, "fc1.weight", index, 0, String).memory;
      const gradient =
        optimizer.type === "sgd"
          ? memory.after - optimizer.momentum * memory.before
          : (memory.after - optimizer.beta1 * memory.before) / (1 - optimizer.beta1);
      const update = updateOf(record, optimizer, "fc1.weight", index, gradient, String);
      expect(update.after).toBe(update.before + update.change);
      // the formula with its numbers comes to the change
      const numbers = update.numbers.replaceAll("−", "-").replaceAll("×", "*");
      expect(/^[-\d.e*/ ]+$/.test(numbers)).toBe(true);
      const value = numbers
        .split(/ (?=- )/)
        .map((term) =>
          term
            .replace(/^- /, "")
            .split(/ [*] /)
            .map((part) =>
              part
                .split(" / ")
                .map(Number)
                .reduce((a, b) => a / b),
            )
            .reduce((a, b) => a * b),
        )
        .reduce((sum, term) => sum - term, 0);
      expect(value).toBeCloseTo(update.change, 6);
    },
  );

  test("settings that can't be are refused before anything is built", async () => {
    await expect(opened({ filters: 99 })).rejects.toThrow(/number of filters/);
  });
});

test("the first steps of a session are pieces of their own, however fast they are", async () => {
  const session = await Session.open(
    settings({ images: 400, validation: 0, filters: 1, epochs: 2, batchSize: 2 }),
    await drawnPair(400, 10),
    { threads: 0 },
  );
  onTestFinished(() => session.close());
  for (let step = 1; step <= 100; step++) expect((await session.advance()).totals.steps).toBe(1);
  let most = 0;
  while (!session.training.done) {
    const done = session.training.steps;
    const { totals } = await session.advance();
    expect(totals.steps).toBeLessThanOrEqual(done / 50);
    most = Math.max(most, totals.steps);
  }
  expect(most).toBeGreaterThan(1);
});
