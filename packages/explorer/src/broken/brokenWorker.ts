import { type DataPair, drawPair } from "unravel-cnn";
import { type LabSettings, Learner, type Report, TEST_COUNT, TRAIN_COUNT } from "./experiment.js";
import { mistakeNamed } from "./mistakes.js";

/*
 * Trains beside the page's own thread: several networks step by step side by side, all with the same digits, first weights
 * and order. To stop it is to end it.
 */

/** What to train. */
export interface Race {
  readonly settings: LabSettings;
  /** The names of mistakes; `right` is without one. */
  readonly names: readonly string[];
}

export type RaceReport =
  | { readonly kind: "drawing"; readonly share: number }
  | { readonly kind: "report"; readonly name: string; readonly report: Report }
  | { readonly kind: "done" }
  | { readonly kind: "problem"; readonly problem: string };

const tell = (report: RaceReport) => self.postMessage(report);

/** The digits of the seed that was asked for last. */
let drawn: { readonly seed: number; readonly data: DataPair } | undefined;

self.onmessage = async ({ data: { settings, names } }: MessageEvent<Race>) => {
  try {
    const data = await dataOf(settings.seed);
    const racers = await Promise.all(
      names.map(async (name) => ({ name, learner: await Learner.open(mistakeNamed(name), data, settings) })),
    );
    for (const { name, learner } of racers) tell({ kind: "report", name, report: await learner.begin() });
    while (racers.some(({ learner }) => !learner.done)) {
      for (const { name, learner } of racers)
        if (!learner.done) tell({ kind: "report", name, report: await learner.advance() });
    }
    for (const { learner } of racers) await learner.close();
    tell({ kind: "done" });
  } catch (error) {
    tell({ kind: "problem", problem: (error as Error).message });
  }
};

async function dataOf(seed: number): Promise<DataPair> {
  if (drawn?.seed !== seed) {
    const onProgress = (digits: number, total: number) => tell({ kind: "drawing", share: digits / total });
    drawn = {
      seed,
      data: await drawPair(seed, { trainCount: TRAIN_COUNT, testCount: TEST_COUNT, onProgress }),
    };
  }
  return drawn.data;
}
