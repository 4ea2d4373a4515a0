import type { AxisOptions } from "../components/chart/axis.js";
import type { Series, SeriesColour } from "../components/chart/series.js";
import { percent, short } from "../view/numbers.js";
import type { Run } from "./run.js";
import type { CurveName } from "./saved.js";
import { dataTitles, engineNames, rateNames, type Settings } from "./settings.js";

/* Trainings as lines of two charts: loss and accuracy, by steps. */

type Key = keyof Settings | "files";

/** How a setting is said, if it is what differs. The first ones are said first. */
const words: Readonly<Record<Key, (run: Run, all: readonly Run[]) => string>> = {
  learningRate: ({ settings: { learningRate } }) =>
    learningRate === undefined ? "usual learning rate" : `learning rate ${learningRate}`,
  filters: ({ settings: { filters } }) => `${filters} ${filters === 1 ? "filter" : "filters"}`,
  kernel: ({ settings: { kernel } }) => `kernels of ${kernel}×${kernel}`,
  filters2: ({ settings: { filters2 } }) =>
    filters2 === 0 ? "one convolution" : `${filters2} filters in a 2nd convolution`,
  units: ({ settings: { units } }) => (units === 0 ? "one dense layer" : `${units} units between`),
  optimizer: ({ settings: { optimizer } }) => ({ sgd: "SGD", adam: "Adam", adamw: "AdamW" })[optimizer],
  schedule: ({ settings: { schedule } }) => `the rate ${rateNames[schedule]}`,
  batchSize: ({ settings: { batchSize } }) => `batches of ${batchSize}`,
  epochs: ({ settings: { epochs } }) => `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`,
  data: ({ settings: { data } }) => dataTitles[data],
  files: ({ files, settings: { data } }, all) =>
    `${data === "collected" ? "collection" : "files"} ${[...new Set(all.map((one) => one.files))].indexOf(files) + 1}`,
  images: ({ settings: { images } }) => `${images} images`,
  validation: ({ settings: { validation } }) => `${validation} set aside`,
  network: ({ settings: { network } }) => (network === "layers" ? "layers as chosen" : network),
  augment: ({ settings: { augment } }) => (augment ? "images changed by chance" : "images as they are"),
  engine: ({ settings: { engine } }) => engineNames[engine],
  seed: ({ settings: { seed } }) => `seed ${seed}`,
};

/** What each of them is called: by what differs among them, and nothing else. */
export function namesOf(runs: readonly Run[]): string[] {
  const settingOf = (run: Run, key: Key) => (key === "files" ? run.files : run.settings[key]);
  const differing = (Object.keys(words) as Key[]).filter((key) =>
    runs.some((run) => settingOf(run, key) !== settingOf(runs[0], key)),
  );
  return runs.map((run) => differing.map((key) => words[key](run, runs)).join(", "));
}

export interface RunChart {
  readonly series: readonly Series[];
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  readonly summary: string;
}

/** Which curves a chart has. */
interface Kind {
  readonly what: string;
  readonly trained: CurveName;
  readonly aside: CurveName;
  readonly tested: CurveName;
  readonly say: (value: number) => string;
  readonly y: (series: readonly Series[]) => AxisOptions;
}

const loss: Kind = {
  what: "Loss",
  trained: "loss",
  aside: "validationLoss",
  tested: "testLoss",
  say: short,
  y: (series) => ({ label: "", from: 0, to: topOf(series) }),
};
const accuracy: Kind = {
  what: "Share of right answers",
  trained: "accuracy",
  aside: "validationAccuracy",
  tested: "testAccuracy",
  say: percent,
  y: () => ({ label: "", from: 0, to: 1, format: (value) => `${Math.round(value * 100)}%` }),
};

/** @param runs the present one last */
export const lossChart = (runs: readonly Run[]): RunChart => chartOf(runs, loss);
export const accuracyChart = (runs: readonly Run[]): RunChart => chartOf(runs, accuracy);

const DASH = "5 3";
const AT_THE_END = "test images, at the end";

function chartOf(runs: readonly Run[], kind: Kind): RunChart {
  const names = namesOf(runs);
  const series =
    runs.length > 1 ? runs.flatMap((run, k) => linesOf(run, names[k], kind)) : alone(runs[0], kind);
  const last = (points: Series["points"]) =>
    points.length === 0 ? "unknown" : kind.say((points.at(-1) as [number, number])[1]);
  const said = runs.map(({ curves }, k) => {
    const { [kind.trained]: trained, [kind.aside]: aside, [kind.tested]: tested } = curves;
    const parts = [`${last(trained)} in training`];
    if (aside.length > 0) parts.push(`${last(aside)} on the images set aside`);
    if (tested.length > 0) parts.push(`${last(tested)} on the test images at the end`);
    return `${runs.length > 1 ? `${names[k]}: ` : "now "}${parts.join(", ")}`;
  });
  const steps = Math.max(...runs.map(({ total }) => total));
  return {
    series,
    x: { label: "steps", from: 0, to: steps },
    y: kind.y(series),
    summary: `${kind.what} over ${steps} steps: ${said.join("; ")}.`,
  };
}

function alone({ curves }: Run, { trained, aside, tested }: Kind): Series[] {
  return [
    { name: "in training", colour: "forward", points: curves[trained] },
    { name: "set aside", colour: "backward", dash: DASH, points: curves[aside] },
    { name: AT_THE_END, colour: "plain", points: curves[tested], marks: true, line: false },
  ];
}

/** The line in training bears the name; that of the images set aside is dashed, and the test a mark, in the same colour. */
function linesOf({ curves, colour }: Run, name: string, { trained, aside, tested }: Kind): Series[] {
  const own = `run${colour}` as SeriesColour;
  return [
    { name, colour: own, points: curves[trained] },
    { name: `${name}, set aside`, colour: own, dash: DASH, points: curves[aside], unnamed: true },
    {
      name: `${name}, ${AT_THE_END}`,
      colour: own,
      points: curves[tested],
      marks: true,
      line: false,
      unnamed: true,
    },
  ];
}

/** A loss that shoots up would press all others flat: what is far above the first ones leaves the picture. */
function topOf(series: readonly Series[]): number | undefined {
  const drawn = series.filter(({ points }) => points.length > 0);
  const first = Math.max(...drawn.map(({ points }) => points[0][1]));
  const most = Math.max(...drawn.flatMap(({ points }) => points.map(([, y]) => y)));
  return drawn.length > 0 && most > 2 * first ? 1.5 * first : undefined;
}
