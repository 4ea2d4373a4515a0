import { setFlagsFromString } from "node:v8";
import fc from "fast-check";
import { expect, test } from "vitest";
// threads run the built worker
import { few } from "../../../../test/support/long.js";
import { createEngine, type EngineOptions, hasRelaxedSimd } from "../../dist/index.js";
import { defineModel, type Model } from "../../src/graph/model.js";
import { resolveOptimizer } from "../../src/optimizers/index.js";
import { decays } from "../../src/optimizers/optimizer.js";
import { copyAll } from "../../src/tensor.js";
import {
  losses,
  optionsOf,
  randomImages,
  ratesOf,
  type Training,
  trainings,
} from "../support/engineCases.js";
import { engineNetworks, singleNetworks, tiledNetworks } from "../support/engineNetworks.js";
import { randomParameters } from "../support/networks.js";
import { seeds } from "../support/properties.js";
import { scoreBoundsOf, trainTextbook } from "../support/textbookTraining.js";

/*
 * Random networks with any loss: the scores and a short training, with or without an average and decay, of the compiled engine against the textbook, within bounds that scale
 * with the sums (support/errorBounds.ts). `node scripts/fuzz-engine.mjs` runs as many cases as one likes, with any seed.
 */

setFlagsFromString("--experimental-wasm-relaxed-simd"); // Node 20 has it behind this flag
const relaxed = hasRelaxedSimd();

const { FUZZ_COUNT = few("10", "60"), FUZZ_SEED = "20260501" } = process.env;

interface Case {
  readonly model: Model;
  readonly training: Training;
  readonly engine: EngineOptions;
  readonly seed: number;
}

/** One case in eight runs on threads, because they take so long to start. */
const engines: fc.Arbitrary<EngineOptions> = fc.record({
  strict: relaxed ? fc.boolean() : fc.constant(true),
  threads: fc.oneof({ weight: 7, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 3 })),
});

/** Half of them with the plain loss. */
const withLosses = (networks: fc.Arbitrary<Model>): fc.Arbitrary<Model> =>
  fc
    .tuple(networks, fc.oneof(fc.constant(losses[0]), fc.constantFrom(...losses)))
    .map(([{ spec }, loss]) => defineModel({ ...spec, loss }));

/** What any training may have besides: an average in half of the cases, and either kind of decay. */
const withOptions = (some: fc.Arbitrary<Training>): fc.Arbitrary<Training> =>
  fc
    .tuple(some, fc.constantFrom(undefined, undefined, 0.5, 0.99), fc.constantFrom(...decays))
    .map(([{ optimizer, ...training }, ema, decay]) => ({
      ...training,
      optimizer: { ...resolveOptimizer(optimizer), decay },
      ...(ema !== undefined && { ema }),
    }));

const blocks: fc.Arbitrary<Case> = fc.record({
  model: withLosses(
    fc.oneof({ weight: 9, arbitrary: engineNetworks }, { weight: 1, arbitrary: tiledNetworks }),
  ),
  training: withOptions(
    fc
      .record({
        base: fc.constantFrom(...trainings),
        images: fc.integer({ min: 1, max: 20 }),
        batchSize: fc.integer({ min: 1, max: 70 }),
      })
      .map(({ base, ...sizes }) => ({ ...base, ...sizes })),
  ),
  engine: engines,
  seed: seeds,
});

/** One image at a time, with networks that have kernels for that. */
const single: fc.Arbitrary<Case> = fc.record({
  model: withLosses(singleNetworks),
  training: withOptions(
    fc
      .record({ base: fc.constantFrom(...trainings), images: fc.integer({ min: 1, max: 6 }) })
      .map(({ base, images }) => ({ ...base, images, batchSize: 1 })),
  ),
  engine: engines,
  seed: seeds,
});

const networksToTrain = fc.oneof({ weight: 3, arbitrary: blocks }, { weight: 1, arbitrary: single });

/** How the furthest numbers lie within their bounds, from 0 to 1; and whether the training could be compared. */
async function compare({
  model,
  training,
  engine: options,
  seed,
}: Case): Promise<{ worst: number; trained: boolean }> {
  const start = copyAll(randomParameters(model, seed), "float32");
  const data = randomImages(model, training.images, seed);
  const order = Array.from({ length: training.images }, (_, n) => n);
  const engine = await createEngine(model.spec, { ...options, parameters: start });
  try {
    const { scores, logits: bounds } = scoreBoundsOf(model, start, data, order);
    let worst = furthest("logits", await engine.logits(data.images), scores.data, bounds);

    const rates = ratesOf(training);
    const expected = trainTextbook(model, start, data, order, rates, optionsOf(training));
    if (expected.onKink) return { worst, trained: false };
    const run = await engine.startTraining(data, optionsOf(training));
    const totals = await run.epoch(Uint32Array.from(order), rates);
    worst = Math.max(worst, furthest("loss", [totals.loss], [expected.loss], [expected.lossTolerance]));
    const parameters = engine.parameters();
    for (const [name, { data }] of Object.entries(expected.parameters)) {
      worst = Math.max(worst, furthest(name, parameters[name].data, data, expected.tolerances[name]));
    }
    return { worst, trained: true };
  } finally {
    await engine.close();
  }
}

function furthest(
  what: string,
  actual: ArrayLike<number>,
  exact: ArrayLike<number>,
  bounds: ArrayLike<number>,
): number {
  let worst = 0;
  for (let k = 0; k < exact.length; k++) {
    const distance = Math.abs(actual[k] - exact[k]);
    const share = distance === 0 ? 0 : distance / bounds[k];
    if (!(share <= 1))
      throw new Error(`${what}[${k}] is ${actual[k]}, not ${exact[k]}; allowed ${bounds[k]}`);
    worst = Math.max(worst, share);
  }
  return worst;
}

test(
  `${FUZZ_COUNT} random networks`,
  async () => {
    let compared = 0;
    let trained = 0;
    let worst = 0;
    await fc.assert(
      fc.asyncProperty(networksToTrain, async (one) => {
        const result = await compare(one);
        compared += 1;
        if (result.trained) trained += 1;
        worst = Math.max(worst, result.worst);
      }),
      { seed: Number(FUZZ_SEED), numRuns: Number(FUZZ_COUNT) },
    );
    // where a unit is on its kink, only scores are compared
    expect(trained).toBeGreaterThan(compared / 2);
    if (process.env.FUZZ_COUNT) {
      console.log(
        `${compared} networks, ${trained} of them trained; at most ${worst.toFixed(3)} of what is allowed`,
      );
    }
  },
  Number(FUZZ_COUNT) * 5000,
);
