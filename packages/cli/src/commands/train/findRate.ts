import {
  type Engine,
  type FindRateOptions,
  findRate,
  InputError,
  type RateTest,
  renderRateSvg,
} from "unravel-cnn";
import type { LoadedModel } from "../../model.js";
import { DRAWING_FILE } from "../../output/kinds.js";
import { writeOutput } from "../../output/write.js";
import { short, significant } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import type { Progress } from "../../terminal/progress.js";
import { table } from "../../terminal/table.js";
import type { TrainOptions } from "./options.js";

/** Options of what `--find-rate` doesn't do. */
const OTHERS = {
  out: "--out",
  history: "--history",
  checkpoint: "--checkpoint",
  every: "--every",
  resume: "--resume",
  learningRate: "--learning-rate",
  patience: "--patience",
  ema: "--ema",
} as const satisfies Partial<Record<keyof TrainOptions, string>>;

/** @throws InputError for an option that has no meaning where nothing is learnt */
export function checkFindRate(options: TrainOptions): void {
  for (const [name, flag] of Object.entries(OTHERS)) {
    if (options[name as keyof typeof OTHERS] === undefined) continue;
    throw new InputError(`--find-rate only tries learning rates and keeps nothing; leave ${flag} out.`);
  }
}

/** Tries learning rates on the training images, and says which to take. */
export async function reportRates(
  options: TrainOptions,
  engine: Engine,
  data: Parameters<typeof findRate>[1],
  { title }: LoadedModel,
  settings: FindRateOptions,
  progress: Progress,
): Promise<void> {
  const what = `${title} on ${data.name}, ${options.optimizer}, batches of ${settings.batchSize}, seed ${options.seed}`;
  progress.say(`Trying    learning rates: ${what}`);
  const test = await findRate(engine, data, {
    ...settings,
    onProgress: (share) => progress.show({ title: "Trying rates", share, details: [] }),
  });
  progress.clear();
  if (options.plot !== undefined) {
    const svg = renderRateSvg(test, { subtitle: what });
    await writeOutput(options.plot, DRAWING_FILE, new TextEncoder().encode(svg));
    progress.say(`Wrote ${options.plot}`);
  }
  if (options.json) printJson({ model: options.model, ...test });
  else printLines(options.quiet ? [answer(test)] : [...rows(test), "", answer(test)]);
}

/** Rows of the table, at most. */
const MOST_ROWS = 20;

function rows({ trials }: RateTest): string[] {
  const every = Math.ceil(trials.length / MOST_ROWS);
  const some = trials.filter((_, k) => k % every === 0);
  return table(
    [
      ["rate", "loss"],
      ...some.map(({ rate, smooth }) => [short(Number(rate.toPrecision(2))), significant(smooth)]),
    ],
    [true, true],
  );
}

function answer({ suggested, lowest, tooHigh }: RateTest): string {
  if (suggested === null || lowest === null) {
    return "The loss doesn't fall at any of these rates; look at the data, the network or the batch size.";
  }
  const end = tooHigh === null ? "" : `, and is absurd from ${short(Number(tooHigh.toPrecision(2)))} on`;
  return `Suggested: --learning-rate ${short(Number(suggested.toPrecision(2)))}; the loss is the smallest at ${short(Number(lowest.toPrecision(2)))}${end}`;
}
