import { describe, expect, test } from "vitest";
import { few } from "../../../../test/support/long.js";
import { dense, flatten, sequential } from "../../src/builders.js";
import type { Engine } from "../../src/engine/engine.js";
import { createEngine } from "../../src/engine/index.js";
import { evaluate } from "../../src/training/evaluate.js";
import { type FitOptions, fit } from "../../src/training/fit.js";
import type { ProgressEvent } from "../../src/training/history.js";
import { Training } from "../../src/training/training.js";
import { bars, barsNetwork } from "../support/bars.js";
import { processorEngines } from "../support/processorEngines.js";

/* A network that has died: no weight has a gradient any more. That is said, and never of one that lives. */

const local = { threads: 0, strict: true } as const;

type Name = (typeof processorEngines)[number];

/** Trains, and tells what was said of a death. */
async function obituaries(engine: Engine, options: FitOptions, images = 640) {
  const said: Extract<ProgressEvent, { type: "died" }>[] = [];
  const { death } = await fit(engine, bars(images), {
    ...options,
    onProgress: (event) => event.type === "died" && said.push(event),
  });
  return { said, death };
}

/** As one step that was too long leaves it: no image passes the ReLU. */
function kill(engine: Engine): void {
  const parameters = engine.parameters();
  parameters["conv1.bias"].data.fill(-1e3);
  engine.setParameters(parameters);
}

test.each(few<readonly Name[]>(["wasm"], processorEngines))(
  "%s: it is said once, with the steps and a lower rate",
  async (name) => {
    const engine = await createEngine(barsNetwork, { ...local, engine: name });
    kill(engine);
    const { said, death } = await obituaries(engine, { epochs: 14, batchSize: 64, learningRate: 0.2 });
    expect(said.map(({ epoch }) => epoch)).toEqual([13]); // 10 steps an epoch, and it takes 128
    expect(death?.steps).toBe(128); // of 140: the last one that was looked at, but 1,  is the 128th
    expect(said[0].death.message).toMatch(
      /^The network has died: no weight has changed for 128 steps, because .* rate \(0\.2\) was too high.*: start again with 0\.014\.$/,
    );
    await engine.close();
  },
);

test("with weight decay weights go on shrinking, and it is said all the same", async () => {
  const engine = await createEngine(barsNetwork, local);
  kill(engine);
  const optimizer = { type: "adamw" } as const;
  const { said } = await obituaries(engine, { epochs: 13, batchSize: 64, optimizer });
  expect(said[0].death.message).toContain("no weight has changed, but by weight decay, for 128 steps");
});

test("one image at a time it takes more steps, because a few images may pass no ReLU by chance", async () => {
  const engine = await createEngine(barsNetwork, local);
  kill(engine);
  const { said } = await obituaries(engine, { epochs: 13, batchSize: 1, learningRate: 0.001 });
  expect(said[0].epoch).toBe(13); // 640 steps an epoch, and it takes 8,192
});

test("a training in pieces knows it, too, and one that is alive doesn't", async () => {
  const engine = await createEngine(barsNetwork, local);
  const begin = () => Training.open(engine, bars(640), { epochs: 20, batchSize: 64 });
  const alive = await begin();
  while (alive.steps < 140) await alive.advance(7);
  expect(alive.death).toBeUndefined();
  await alive.close();
  kill(engine);
  const dead = await begin();
  while (dead.steps < 140) await dead.advance(7);
  expect(dead.death?.steps).toBe(128);
  await dead.close();
});

test("a death that happens on the way: the rate that is named trains the same network", async () => {
  const options = { batchSize: 8, optimizer: { type: "sgd" }, schedule: "constant" } as const;
  for (const seed of few([0], [0, 1])) {
    const engine = await createEngine(barsNetwork, { ...local, seed });
    const start = engine.parameters();
    const { death } = await obituaries(engine, { ...options, epochs: 16, learningRate: 3 });
    const rate = Number(/start again with (.*)\.$/.exec(death?.message ?? "")?.[1]);
    expect(rate).toBe(0.012);
    engine.setParameters(start);
    await fit(engine, bars(640), { ...options, epochs: 4, learningRate: rate });
    expect((await evaluate(engine, bars(200, 1))).accuracy).toBeGreaterThan(0.9);
    await engine.close();
  }
});

describe("it is not said", () => {
  const long = { epochs: 20, batchSize: 64 } as const;

  test.each<[string, FitOptions]>([
    ["at a learning rate of 0", { ...long, learningRate: 0 }],
    ["at a rate so small that no weight changes", { ...long, learningRate: 1e-30 }],
    ["at the last rates of a schedule", { ...long, schedule: "cosine" }],
    ["of SGD one image at a time", { epochs: 14, batchSize: 1, optimizer: { type: "sgd" } }],
  ])("%s", async (_, options) => {
    const engine = await createEngine(barsNetwork, local);
    const { said, death } = await obituaries(engine, options);
    expect([said, death]).toEqual([[], null]);
    await engine.close();
  });

  test("of a network that has nothing left to learn", async () => {
    const engine = await createEngine(sequential([1, 10, 10], [flatten(), dense({ units: 4 })]), local);
    const parameters = engine.parameters();
    parameters["fc1.weight"].data.fill(0);
    parameters["fc1.bias"].data.set([1000, 0, 0, 0]);
    engine.setParameters(parameters);
    const images = bars(640);
    images.labels.fill(0); // right, and so sure that no gradient is left
    const { epochs, death } = await fit(engine, images, long);
    expect([epochs[19].loss, death]).toEqual([0, null]);
    await engine.close();
  });
});
