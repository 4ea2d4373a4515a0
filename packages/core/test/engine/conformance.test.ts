import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { few, onlyLong, sampleOf } from "../../../../test/support/long.js";
// threads run the built worker
import { createEngine, type Engine, type EngineOptions, hasRelaxedSimd } from "../../dist/index.js";
import { convnet, lenet5, oneConv } from "../../src/builtIn.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import { randomStream } from "../../src/random.js";
import { copyAll, type NamedTensors } from "../../src/tensor.js";
import {
  describeTraining,
  optionsOf,
  randomImages,
  ratesOf,
  smallNetworks,
  type Training,
  trainings,
} from "../support/engineCases.js";
import { engineNetworks } from "../support/engineNetworks.js";
import { goldenFiles, readGolden } from "../support/goldenFile.js";
import { randomParameters } from "../support/networks.js";
import { type Expected, scoreBoundsOf, trainTextbook } from "../support/textbookTraining.js";
import { isTiled } from "../support/tiledSizes.js";

/*
 * The same trainings and inferences on every engine, path and number of threads, against the textbook in float64.
 *
 * Tolerances scale with the lengths of the sums: support/errorBounds.ts for a step, support/textbookTraining.ts for how a
 * step's errors go through an optimizer and add up. On one path all numbers of threads must give the same bits.
 */

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
const relaxed = hasRelaxedSimd();

interface Row {
  readonly name: "reference" | "wasm";
  readonly strict: boolean;
  readonly threads: number;
}

/** The reference, and both paths on so many threads. */
function rowsOf(strict: readonly number[], relaxedThreads: readonly number[]): Row[] {
  return [
    { name: "reference", strict: true, threads: 1 },
    ...strict.map((threads): Row => ({ name: "wasm", strict: true, threads })),
    ...(relaxed ? relaxedThreads : []).map((threads): Row => ({ name: "wasm", strict: false, threads })),
  ];
}

const counts = [1, 2, 3, 5];
const allRows = few(rowsOf([0, 2, 3], [0, 2, 5]), rowsOf([0, ...counts], [0, ...counts]));

/**
 * For the many networks, because starting threads takes longer than all else: both paths on the calling thread, and one of
 * them on threads, another number and the other path from network to network.
 */
function someRows(index: number): Row[] {
  const place = index >> 1;
  const strict = few([2, 3], counts);
  const relaxedThreads = few([2, 5], counts);
  return index % 2 === 0
    ? rowsOf([0, strict[place % strict.length]], [0])
    : rowsOf([0], [0, relaxedThreads[place % relaxedThreads.length]]);
}

const ran = new Set<string>();

async function engineFor(spec: ModelSpec, parameters: NamedTensors, row: Row): Promise<Engine> {
  const options: EngineOptions = { engine: row.name, strict: row.strict, parameters };
  const engine = await createEngine(
    spec,
    row.name === "wasm" ? { ...options, threads: row.threads } : options,
  );
  // 0 threads: none but the calling one
  expect([engine.name, engine.strict, engine.threads]).toEqual([
    row.name,
    row.strict,
    Math.max(1, row.threads),
  ]);
  ran.add(`${row.name} ${row.strict ? "strict" : "relaxed"} ${row.threads}`);
  return engine;
}

interface Outcome {
  readonly loss: number;
  readonly correct: number;
  readonly parameters: NamedTensors;
}

async function trainWith(
  engine: Engine,
  start: NamedTensors,
  training: Training,
  seed: number,
): Promise<Outcome> {
  engine.setParameters(start);
  const data = randomImages(engine.model as Model, training.images, seed);
  const run = await engine.startTraining(data, optionsOf(training));
  const { loss, correct, images } = await run.epoch(Uint32Array.from(orderOf(training)), ratesOf(training));
  await run.close();
  expect(images).toBe(training.images);
  return { loss, correct, parameters: engine.parameters() };
}

/** Backwards, so that nothing hangs on images being in order. */
function orderOf({ images }: Training): number[] {
  return Array.from({ length: images }, (_, n) => images - 1 - n);
}

/** A training that can be compared: its images are the first random ones with which no unit comes near its kink. */
function expectedOf(
  model: Model,
  start: NamedTensors,
  training: Training,
): { expected: Expected; seed: number } {
  for (let seed = 0; seed < 30; seed++) {
    const data = randomImages(model, training.images, seed);
    const expected = trainTextbook(
      model,
      start,
      data,
      orderOf(training),
      ratesOf(training),
      optionsOf(training),
    );
    if (!expected.onKink) return { expected, seed };
  }
  throw new Error("units come near their kinks with all images that were tried");
}

function expectNear(
  what: string,
  actual: ArrayLike<number>,
  exact: ArrayLike<number>,
  bounds: ArrayLike<number>,
) {
  expect(actual.length, what).toBe(exact.length);
  for (let k = 0; k < exact.length; k++) {
    const distance = Math.abs(actual[k] - exact[k]);
    if (!(distance <= bounds[k])) {
      expect.fail(
        `${what}: number ${k} is ${actual[k]}, not ${exact[k]}; off by ${distance}, allowed ${bounds[k]}`,
      );
    }
  }
}

/** For each network and training: of the numbers that training moved, which share by ten times their tolerance. */
const movedFar: number[] = [];

function countMoved(start: NamedTensors, { parameters, tolerances }: Expected) {
  let all = 0;
  let far = 0;
  for (const [name, { data }] of Object.entries(parameters)) {
    data.forEach((value, k) => {
      const distance = Math.abs(value - start[name].data[k]);
      if (distance > 0) all += 1;
      if (distance > 10 * tolerances[name][k]) far += 1;
    });
  }
  if (all > 0) movedFar.push(far / all);
}

const bitsOf = (parameters: NamedTensors) =>
  Buffer.concat(
    Object.values(parameters).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );

async function expectConformance(
  spec: ModelSpec,
  given: NamedTensors | undefined,
  plans: readonly Training[],
  count: number,
  rows: readonly Row[],
) {
  const model = defineModel(spec);
  const start = copyAll(given ?? randomParameters(model, 3), "float32");
  const pictures = randomImages(model, count, 99);
  const all = Array.from({ length: count }, (_, n) => n);
  const inference = scoreBoundsOf(model, start, pictures, all);
  const exactLogits = inference.scores.data;
  const expectations = plans.map((training) => ({ training, ...expectedOf(model, start, training) }));
  const bits = new Map<string, Buffer>();
  // tiles have larger tolerances; tiles.test.ts looks at them with narrow ones
  if (!model.layers.some(isTiled)) for (const { expected } of expectations) countMoved(start, expected);

  for (const row of rows) {
    const engine = await engineFor(spec, start, row);
    const name = `${row.name}, ${row.strict ? "strict" : "relaxed"}, ${row.threads} threads`;
    const path = `${row.name} ${row.strict}`;
    const sameOnAllThreads = (what: string, here: Buffer) => {
      const before = bits.get(`${path} ${what}`);
      if (before && !before.equals(here)) expect.fail(`${what}: ${name} gives other bits than fewer threads`);
      bits.set(`${path} ${what}`, here);
    };
    try {
      const logits = await engine.logits(pictures.images);
      expectNear(`${name}: logits`, logits, exactLogits, inference.logits);
      sameOnAllThreads("logits", Buffer.from(logits.buffer));
      const classes = model.classes.length;
      const alone = await engine.logits(pictures.images.subarray(0, pictures.images.length / count));
      expectNear(
        `${name}: one image's logits`,
        alone,
        exactLogits.slice(0, classes),
        inference.logits.slice(0, classes),
      );
      sameOnAllThreads("one image's logits", Buffer.from(alone.buffer));
      for (const { training, expected, seed } of expectations) {
        const what = describeTraining(training);
        const { loss, correct, parameters } = await trainWith(engine, start, training, seed);
        expectNear(`${name}: ${what}: loss`, [loss], [expected.loss], [expected.lossTolerance]);
        expect(correct, `${name}: ${what}: correct`).toBe(expected.correct);
        for (const [parameter, { data }] of Object.entries(expected.parameters)) {
          const bounds = expected.tolerances[parameter];
          expectNear(`${name}: ${what}: ${parameter}`, parameters[parameter].data, data, bounds);
        }
        sameOnAllThreads(
          what,
          Buffer.concat([bitsOf(parameters), Buffer.from(Float64Array.of(loss).buffer)]),
        );
      }
    } finally {
      await engine.close();
    }
  }
}

/*
 * Each kind of network keeps its own rows and trainings, whichever of them `npm test` draws.
 */

const rotating = (index: number) => [trainings[index % trainings.length]];

describe("golden networks", () => {
  // by its name, so that a new file changes nothing about the others
  const golden = goldenFiles("network-").map((file) => ({
    file,
    index: randomStream(0, file).below(1000, 0),
  }));
  test.each(sampleOf(golden, 1))("$file", async ({ file, index }) => {
    const { about, tensors } = readGolden<{ spec: ModelSpec }>(file);
    const parameters = Object.fromEntries(
      defineModel(about.spec).parameters.map(({ fullName }) => [fullName, tensors[fullName]]),
    );
    await expectConformance(about.spec, parameters, rotating(index), 67, someRows(index));
  });
});

const small = Object.entries(smallNetworks).map(([name, spec], index) => ({ name, spec, index }));
test.each(sampleOf(small, 1))("$name", async ({ spec, index }) => {
  await expectConformance(spec, undefined, rotating(index), 67, someRows(index));
});

test.each(
  fc.sample(engineNetworks, { seed: 8, numRuns: few(1, 6) }).map(({ spec }, index) => ({ spec, index })),
)("random network $index", async ({ spec, index }) => {
  await expectConformance(spec, undefined, rotating(index), 67, someRows(index));
});

describe("one convolution", () => {
  test.each(few([8], [1, 3, 8]))(
    "%i filters, every optimizer, schedule and size of batch",
    async (filters) => {
      const rows = someRows(filters - 1);
      const some = sampleOf(trainings, 3); // optimizers.test.ts has each of them on each engine
      await expectConformance(oneConv({ filters, input: [1, 12, 12] }), undefined, some, 65, rows);
    },
  );

  test("3 filters, on every row", async () => {
    const some = sampleOf(trainings, 1);
    await expectConformance(oneConv({ filters: 3, input: [1, 12, 12] }), undefined, some, 65, allRows);
  });

  test("on images of 28x28", async () => {
    const rows = few(rowsOf([3], [2]), rowsOf([0, 1, 3], [0, 2, 3]));
    await expectConformance(oneConv({ filters: 8 }), undefined, [trainings[1]], 9, rows);
  });
});

test("lenet5", async () => {
  const training = { ...trainings[1], batchSize: 8, images: 11 };
  const rows = few(rowsOf([2], [5]), allRows);
  await expectConformance(lenet5({ input: [1, 14, 14] }), undefined, [training], 9, rows);
});

onlyLong(test)("convnet", async () => {
  const training = { ...trainings[1], images: 2 };
  await expectConformance(convnet({ input: [1, 12, 12] }), undefined, [training], 2, rowsOf([0, 3], [0, 2]));
});

test("the tolerances are small against what training moves", () => {
  const mean = movedFar.reduce((sum, share) => sum + share, 0) / movedFar.length;
  expect(mean).toBeGreaterThan(1 / 3);
});

test("every row has run", () => {
  expect([...ran].sort()).toEqual(
    allRows.map(({ name, strict, threads }) => `${name} ${strict ? "strict" : "relaxed"} ${threads}`).sort(),
  );
});

if (!relaxed) test.skip("the relaxed path: this JavaScript engine has no relaxed SIMD", () => {});
