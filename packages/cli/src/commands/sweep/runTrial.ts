import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import {
  type Checkpoint,
  countOf,
  createEngine,
  DivergedError,
  type Engine,
  type EpochRecord,
  evaluate,
  FailureError,
  firstOf,
  fit,
  formatCheckpoint,
  InputError,
  parseCheckpoint,
} from "unravel-cnn";
import { writeWhole } from "unravel-cnn/node";
import type { CommandData } from "../../data.js";
import { engineOptions } from "../../engine.js";
import { loadModel } from "../../model.js";
import { settled, withPictures } from "../train/autoModel.js";
import { fitOptionsOf } from "../train/fitOptions.js";
import { optimizerOf, type TrainOptions, withLabelSmoothing } from "../train/options.js";
import { noOutcome, type Outcome, type Path } from "./outcome.js";
import { parseTrain } from "./trainWords.js";
import type { Trial } from "./trial.js";

/** What a process needs to do a trial. */
export interface TrialTask extends Pick<Trial, "words" | "epochs" | "allEpochs"> {
  /** What lies elsewhere here than the words say. */
  readonly files?: Partial<Pick<TrainOptions, "data" | "model" | "spec">> | undefined;
  /** The file of the training's checkpoint: it goes on from there if the file is there, and is kept there if it isn't over. */
  readonly checkpoint?: string | undefined;
}

/** What came of a task. */
export interface Done {
  readonly outcome: Outcome;
  /** So many epochs were trained for it. */
  readonly trained: number;
}

/** Thrown to end a training after the epochs of its rung. */
class RungReached extends Error {}

/**
 * Trains as `unravel train` would, on this thread alone, and says what came out. A training that fails is a result, too.
 * @param load gives the data that options ask for
 */
export async function runTrial(
  { words, epochs, allEpochs, files, checkpoint }: TrialTask,
  load: (options: TrainOptions) => Promise<CommandData>,
  onProgress: (share: number) => void,
): Promise<Done> {
  let engine: Engine | undefined;
  let known = noOutcome;
  let trained = 0;
  try {
    const said = parseTrain(words);
    const options = { ...said.options, ...files };
    const data = await load(options);
    // epochs are the sweep's, also where none of its words says how many
    const isGiven = (option: string) => option === "epochs" || said.isGiven(option);
    const { options: named } = settled({ options, isGiven }, data);
    const optimizer = optimizerOf(named);
    const training = named.limit === undefined ? data.train : firstOf(data.train, named.limit);
    const network = withLabelSmoothing(await loadModel({ ...named, say: () => {} }, data.train), named);
    const { model, parameters } = withPictures(network, data);
    const from = checkpoint === undefined ? undefined : await checkpointAt(checkpoint, epochs);
    const fitOptions = fitOptionsOf(named, optimizer, training, data);
    const { batchSize, clip, ema, augment } = fitOptions;
    engine = await createEngine(model.spec, {
      ...engineOptions({ ...named, engine: from?.about.engine.name ?? named.engine }),
      ...{ training: { batchSize, optimizer, clip, ema, augment }, threads: 0, parameters },
    });
    const { multiplyAdds, parameterCount } = model;
    known = {
      ...known,
      path: pathOf(engine),
      data: training.name,
      parameters: parameterCount,
      multiplyAdds: multiplyAdds.forward,
    };
    const records: EpochRecord[] = [...(from?.history ?? [])];
    const save = async (reached: Checkpoint) => {
      if (checkpoint === undefined || reached.history.length < epochs || reached.ended) return;
      await writeWhole(checkpoint, formatCheckpoint(reached));
      throw new RungReached();
    };
    const whole = epochs === allEpochs;
    const begun = records.length;
    await fit(engine, training, {
      ...fitOptions,
      ...(from && { resume: from }),
      ...(!whole && { checkpoint: { every: { epochs }, save } }),
      onProgress: (event) => {
        if (event.type === "epoch") {
          records.push(event.record);
          trained++;
        }
        const within = event.type === "step" ? event.images / event.imagesPerEpoch : 0;
        onProgress((trained + within) / (epochs - begun));
      },
    }).catch((error: unknown) => {
      if (!(error instanceof RungReached)) throw error;
    });
    const last = records.at(-1);
    const kept = named.keep === "best" ? best(records) : last;
    const test = whole && countOf(data.test) > 0 ? await evaluate(engine, data.test) : null;
    if (whole && checkpoint !== undefined) await rm(checkpoint, { force: true });
    const outcome: Outcome = {
      status: "done",
      problem: null,
      ...known,
      path: pathOf(engine),
      training: kept ? { loss: kept.loss, accuracy: kept.accuracy } : null,
      validation:
        kept && kept.valLoss !== null && kept.valAccuracy !== null
          ? { loss: kept.valLoss, accuracy: kept.valAccuracy }
          : null,
      test: test && { loss: test.loss, accuracy: test.accuracy },
      weights: hashOf(engine),
    };
    return { outcome, trained };
  } catch (error) {
    const isResult =
      error instanceof DivergedError || error instanceof InputError || error instanceof FailureError;
    if (!isResult) throw error;
    const status = error instanceof DivergedError ? "diverged" : "failed";
    return { outcome: { status, problem: error.message, ...known }, trained };
  } finally {
    await engine?.close();
  }
}

/**
 * Where there is no sound checkpoint before this epoch, the training begins again, and comes to the same: one that has come so far
 * is of a trial whose result was lost, and would go on to the next epoch.
 */
async function checkpointAt(path: string, epochs: number): Promise<Checkpoint | undefined> {
  try {
    const checkpoint = parseCheckpoint(await readFile(path), path);
    return checkpoint.history.length < epochs ? checkpoint : undefined;
  } catch {
    return undefined;
  }
}

/** The epoch that `--keep best` keeps. */
function best(records: readonly EpochRecord[]): EpochRecord | undefined {
  return records.reduce<EpochRecord | undefined>(
    (kept, record) => (kept === undefined || !((record.valLoss ?? 0) >= (kept.valLoss ?? 0)) ? record : kept),
    undefined,
  );
}

function pathOf({ name, strict, convolution }: Engine): Path {
  return { engine: name, strict, convolution: convolution ?? null };
}

function hashOf(engine: Engine): string {
  const hash = createHash("sha256");
  for (const [name, { data }] of Object.entries(engine.parameters())) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex").slice(0, 16);
}
