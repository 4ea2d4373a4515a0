import { counted, percent, significant } from "../../terminal/numbers.js";
import { table } from "../../terminal/table.js";
import type { Score, TrialLine } from "./outcome.js";
import type { Value } from "./space.js";

/* Which configurations are best, over their seeds. */

/** The mean of some numbers, and the smallest and the largest. */
export interface Spread {
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Standard deviation, of a sample; 0 where there is one number only. */
  readonly deviation: number;
}

/** A configuration, with all seeds on the last rung that it came to. */
export interface Ranked {
  readonly configuration: number;
  readonly values: Readonly<Record<string, Value>>;
  readonly rung: number;
  readonly epochs: number;
  readonly seeds: number;
  readonly validation: { readonly accuracy: Spread; readonly loss: Spread };
  readonly test: { readonly accuracy: Spread } | null;
  /** Of the first seed. */
  readonly command: string;
  /** Per training, on its last rung. */
  readonly seconds: number;
}

/**
 * The configurations whose trainings all came to a result, the best first: those of later rungs before those of earlier ones,
 * then by mean accuracy on the validation images, mean loss, number.
 */
export function ranking(lines: readonly TrialLine[]): Ranked[] {
  const groups = new Map<number, TrialLine[]>();
  for (const line of lines) {
    const group = groups.get(line.configuration) ?? [];
    // of earlier rungs there is nothing to say once a later one is there
    if (group[0] && line.rung > group[0].rung) group.length = 0;
    if (!group[0] || line.rung === group[0].rung) group.push(line);
    groups.set(line.configuration, group);
  }
  const ranked = [...groups.values()].flatMap((group) => {
    const scores = group.map(({ validation }) => validation);
    if (scores.some((score) => score === null)) return [];
    const sorted = [...group].sort((a, b) => a.seed - b.seed);
    const tests = sorted.flatMap(({ test }) => test ?? []);
    const [first] = sorted;
    return {
      configuration: first.configuration,
      values: first.values,
      rung: first.rung,
      epochs: first.epochs,
      seeds: sorted.length,
      validation: {
        accuracy: spreadOf((scores as Score[]).map(({ accuracy }) => accuracy)),
        loss: spreadOf((scores as Score[]).map(({ loss }) => loss)),
      },
      test: tests.length === 0 ? null : { accuracy: spreadOf(tests.map(({ accuracy }) => accuracy)) },
      command: first.command,
      seconds: spreadOf(sorted.map(({ run }) => run.seconds)).mean,
    };
  });
  return ranked.sort(
    (a, b) =>
      b.rung - a.rung ||
      b.validation.accuracy.mean - a.validation.accuracy.mean ||
      a.validation.loss.mean - b.validation.loss.mean ||
      a.configuration - b.configuration,
  );
}

export function spreadOf(numbers: readonly number[]): Spread {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = numbers.length < 2 ? 0 : Math.sqrt(squares / (numbers.length - 1));
  return { mean, least: Math.min(...numbers), most: Math.max(...numbers), deviation };
}

/** So many configurations are shown at the end of a sweep. */
const SHOWN = 10;

/** The best configurations as a table, and the command of the first. */
export function summaryLines(
  ranked: readonly Ranked[],
  { done, failed, diverged }: { readonly done: number; readonly failed: number; readonly diverged: number },
  path: string,
): string[] {
  const [best] = ranked;
  const others = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(diverged > 0 ? [`${diverged} diverged`] : []),
  ];
  return [
    ...rankingTable(ranked.slice(0, SHOWN)),
    ...(ranked.length > SHOWN ? [`... ${counted(ranked.length - SHOWN, "more configuration")}`] : []),
    "",
    `${counted(done, "trial")} done${others.length > 0 ? `, ${others.join(", ")}` : ""}: ${path}`,
    ...(best.test
      ? [`On the test images the best has ${percent(best.test.accuracy.mean)}${range(best.test.accuracy)}`]
      : []),
    `Best: ${best.command}`,
  ];
}

/** A row for each configuration. */
export function rankingTable(ranked: readonly Ranked[]): string[] {
  const names = [...new Set(ranked.flatMap(({ values }) => Object.keys(values)))];
  const hasSeeds = ranked.some(({ seeds }) => seeds > 1);
  const hasRungs = ranked.some(({ rung }) => rung > 1);
  const head = [
    "#",
    ...names,
    ...(hasRungs ? ["epochs"] : []),
    "validation",
    ...(hasSeeds ? ["spread"] : []),
    "loss",
    "s",
  ];
  const rows = ranked.map(({ configuration, values, epochs, validation, seconds }) => [
    String(configuration),
    ...names.map((name) => valueText(values[name])),
    ...(hasRungs ? [String(epochs)] : []),
    percent(validation.accuracy.mean),
    ...(hasSeeds ? [`±${(100 * validation.accuracy.deviation).toFixed(2)}`] : []),
    significant(validation.loss.mean),
    seconds.toFixed(1),
  ]);
  return table(
    [head, ...rows],
    head.map(() => true),
  );
}

function range({ least, most }: Spread): string {
  return least === most ? "." : ` (${percent(least)} to ${percent(most)}).`;
}

/** `none` for an option that is left out. */
export function valueText(value: Value | undefined): string {
  if (value === null || value === undefined || value === false) return "none";
  return value === true ? "yes" : String(value);
}
