import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  countOf,
  createEngine,
  type EpochRecord,
  type Evaluation,
  evaluate,
  firstOf,
  fit,
  InputError,
} from "unravel-cnn";
import { type CommandData, loadData } from "../../data.js";
import { checkEngine, engineOptions, tellChange } from "../../engine.js";
import { loadModel, modelOfFile } from "../../model.js";
import { Progress } from "../../terminal/progress.js";
import { announce, describeBefore, describeEnd, describeLeftOut, showProgress } from "./announce.js";
import { chosenFor, commandOf, settled, withPictures } from "./autoModel.js";
import { checkFindRate, reportRates } from "./findRate.js";
import { fitOptionsOf } from "./fitOptions.js";
import { HistoryFiles } from "./historyFiles.js";
import { KeptTraining } from "./keptTraining.js";
import { optimizerOf, type TrainOptions, withLabelSmoothing } from "./options.js";
import { report } from "./report.js";
import { describeResumed, modelOf, noteOf, type Resumed, readResumed } from "./resumed.js";
import { measureSpeed } from "./speed.js";
import { TrainedFile } from "./trainedFile.js";

/** The accuracy before training is measured on this many training images. */
const BEFORE_COUNT = 1000;

/**
 * Loads data and network, trains, tests and reports.
 * @param isGiven whether an option stands on the command line
 */
export async function train(
  given: TrainOptions,
  isGiven: (option: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const resumed = given.resume === undefined ? undefined : await readResumed(given.resume, given, isGiven);
  const asked = resumed?.options ?? given;
  optimizerOf(asked); // what can't be is said before data are loaded
  await checkEngine(asked);
  if (asked.findRate) checkFindRate(asked);
  const files = await outputsOf(asked, resumed);
  const progress = new Progress(process.stderr, asked.quiet === true);
  const isOwn = resumed !== undefined && !isGiven("model");
  const like = isOwn ? modelOf(resumed).model : await modelOfFile(asked.model, asked.spec);
  const loadedData = await loadData({ ...asked, like }, "training on", progress, signal);
  const data = asked.test === undefined ? loadedData : await withTestOf(loadedData, asked, progress, signal);
  const { options: named } = settled({ options: asked, isGiven }, data);
  const training = named.limit === undefined ? data.train : firstOf(data.train, named.limit);
  const options = data.pictures && asked.model === "auto" ? await chosenFor(named, isGiven, training) : named;
  if (options !== named) progress.say(`Command   ${commandOf(options, isGiven)}`);
  const optimizer = optimizerOf(options);
  const network = isOwn
    ? modelOf(resumed)
    : withLabelSmoothing(
        await loadModel({ ...options, say: (line) => progress.say(line) }, data.train),
        options,
      );
  const loaded = withPictures(network, data);
  await files.model?.check(loaded.model);
  const fitting = fitOptionsOf(options, optimizer, training, data);
  const { batchSize, clip, ema, augment } = fitting;
  const engine = await createEngine(loaded.model.spec, {
    ...engineOptions(options, (change) => {
      progress.clear();
      tellChange(change);
    }),
    training: { batchSize, optimizer, clip, ema, augment },
    parameters: loaded.parameters,
  });
  const epochs: EpochRecord[] = [...(resumed?.checkpoint.history ?? [])];
  const about = { model: loaded.title, data: training.name, seed: options.seed };
  try {
    const fitOptions = { ...fitting, signal };
    if (options.findRate) {
      const { epochs: _, learningRate: __, schedule: ___, keep: ____, ...settings } = fitOptions;
      await reportRates(options, engine, training, loaded, settings, progress);
      return;
    }
    announce(progress, loaded, engine, training, data.test, fitOptions);
    if (resumed) progress.say(describeResumed(resumed));

    const before: Pick<Evaluation, "accuracy" | "loss"> =
      resumed?.note.before ?? (await evaluate(engine, firstOf(training, BEFORE_COUNT), { signal }));
    if (!resumed) progress.say(describeBefore(before, loaded, training));
    const { kept } = files;
    const checkpoint = kept && {
      every: options.every,
      save: kept.save.bind(kept),
      note: noteOf(options, data.source, loaded, before),
    };
    const history = await fit(engine, training, {
      ...fitOptions,
      ...(checkpoint && { checkpoint }),
      ...(resumed && { resume: resumed.checkpoint }),
      onProgress: (event) => {
        if (event.type === "epoch") epochs.push(event.record);
        showProgress(progress, event);
      },
    });
    if (history.leftOut > 0) progress.say(describeLeftOut(history, loaded));
    for (const line of describeEnd(history, fitOptions)) progress.say(line);
    const test = await evaluate(engine, data.test, {
      signal,
      onProgress: (images) =>
        progress.show({ title: "Testing", share: images / countOf(data.test), details: [] }),
    });
    progress.clear();
    if (files.model) {
      await files.model.write(loaded.model, engine.parameters());
      progress.say(`Wrote ${files.model.path}`);
    }
    for (const path of await files.history.write(epochs, about, history.keptEpoch))
      progress.say(`Wrote ${path}`);
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
      changes: [...(resumed?.checkpoint.changes ?? []), ...(engine.changes ?? [])],
      speed,
    });
  } catch (error) {
    await files.model?.keep(error, loaded, engine.parameters());
    files.kept?.tell(error);
    if (signal.aborted) await files.history.write(epochs, about).catch(() => {}); // why it ended matters more
    throw error;
  } finally {
    progress.clear();
    await engine.close();
  }
}

/**
 * The data, to be tested on the test images of other data.
 * @throws InputError if there is no such data, or its images or classes are of another kind
 */
async function withTestOf(
  data: CommandData,
  asked: TrainOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<CommandData> {
  const other = asked.test ?? "";
  const { test } = await loadData({ ...asked, data: other, limit: 0 }, "testing on", progress, signal);
  const { shape, classes } = data.train;
  if (!isDeepStrictEqual([test.shape, test.classes], [shape, classes])) {
    throw new InputError(
      `--test ${other}: its images are ${test.shape.join("x")} in ${test.classes.length} classes, ${test.classes.slice(0, 3).join(", ")} and so on, but those to train on are ${shape.join("x")} in ${classes.length} classes, ${classes.slice(0, 3).join(", ")} and so on.`,
    );
  }
  return { ...data, test };
}

/** Where results go. @throws InputError, FailureError if they can't be written there */
async function outputsOf(options: TrainOptions, resumed: Resumed | undefined) {
  const model = options.out === undefined ? undefined : new TrainedFile(options.out);
  await model?.check();
  const history = new HistoryFiles(options);
  await history.check();
  const folder = options.checkpoint ?? options.resume;
  if (folder === undefined && options.every !== undefined) {
    throw new InputError("--every says how often a checkpoint is made; give --checkpoint FOLDER, too.");
  }
  const kept = folder === undefined ? undefined : new KeptTraining(folder);
  const isSame = resumed && resolve(folder ?? "") === resolve(options.resume ?? "");
  await kept?.prepare(isSame ? resumed.checkpoint : undefined);
  return { model, history, kept };
}
