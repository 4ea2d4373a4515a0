import { countOf, createEngine, evaluate, type FitOptions, firstOf, fit, learningRateFor } from "unravel-cnn";
import { loadData } from "../../data.js";
import { engineOptions } from "../../engine.js";
import { loadModel } from "../../model.js";
import { Progress } from "../../terminal/progress.js";
import { announce, describeBefore, describeLeftOut, showProgress } from "./announce.js";
import { optimizerOf, type TrainOptions, withLabelSmoothing } from "./options.js";
import { report } from "./report.js";
import { measureSpeed } from "./speed.js";
import { TrainedFile } from "./trainedFile.js";

/** The accuracy before training is measured on this many training images. */
const BEFORE_COUNT = 1000;

/** Loads data and network, trains, tests and reports. */
export async function train(options: TrainOptions, signal: AbortSignal): Promise<void> {
  const optimizer = optimizerOf(options);
  const output = options.out === undefined ? undefined : new TrainedFile(options.out);
  await output?.check();
  const progress = new Progress(process.stderr, options.quiet === true);
  const data = await loadData(options, "training on", progress, signal);
  const training = options.limit === undefined ? data.train : firstOf(data.train, options.limit);
  const loaded = withLabelSmoothing(await loadModel(options, data.train), options);
  await output?.check(loaded.model);
  const engine = await createEngine(loaded.model.spec, {
    ...engineOptions(options),
    parameters: loaded.parameters,
  });
  try {
    const batchSize = Math.min(options.batchSize, countOf(training)); // the learning rate follows from it
    const fitOptions = {
      epochs: options.epochs,
      batchSize,
      optimizer,
      learningRate: options.learningRate ?? learningRateFor(optimizer, batchSize),
      schedule: options.schedule,
      validation: options.validation,
      seed: options.seed,
      signal,
      ...(options.clip !== undefined && { clip: options.clip }),
      ...(options.classWeights !== undefined && { classWeights: options.classWeights }),
      ...(options.ema !== undefined && { ema: options.ema }),
    } satisfies FitOptions;
    announce(progress, loaded, engine, training, data.test, fitOptions);

    const before = await evaluate(engine, firstOf(training, BEFORE_COUNT), { signal });
    progress.say(describeBefore(before, loaded));
    const history = await fit(engine, training, {
      ...fitOptions,
      onProgress: (event) => showProgress(progress, event),
    });
    if (history.leftOut > 0) progress.say(describeLeftOut(history, loaded));
    const test = await evaluate(engine, data.test, {
      signal,
      onProgress: (images) =>
        progress.show({ title: "Testing", share: images / countOf(data.test), details: [] }),
    });
    progress.clear();
    if (output) {
      await output.write(loaded.model, engine.parameters());
      progress.say(`Wrote ${output.path}`);
    }
    // for people who want the accuracy only, nothing more is measured
    const wanted = options.json === true || options.quiet !== true;
    const convolution = options.convolution && { convolution: options.convolution };
    const speed = wanted
      ? await measureSpeed(engine, history, { batchSize, optimizer, ...convolution })
      : undefined;
    report(options, {
      loaded,
      engine,
      before,
      history,
      test,
      testData: data.test,
      source: data.source,
      learningRate: fitOptions.learningRate,
      speed,
    });
  } catch (error) {
    await output?.keep(error, loaded, engine.parameters());
    throw error;
  } finally {
    progress.clear();
    await engine.close();
  }
}
