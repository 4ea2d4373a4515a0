import { basename } from "node:path";
import type { Command } from "commander";
import { InputError, renderTrialsPage, renderTrialsSvg, type TrialPoint } from "unravel-cnn";
import { DRAWING_FILE, REPORT_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { counted, percent, significant } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { table } from "../../terminal/table.js";
import { wrapped } from "../../terminal/text.js";
import { type Importance, importances } from "./importance.js";
import type { TrialLine } from "./outcome.js";
import { type Ranked, ranking, rankingTable, valueText } from "./ranking.js";
import { readTrials } from "./trialFile.js";

interface ReportOptions {
  svg?: string;
  html?: string;
  json?: boolean;
}

export function defineReport(command: Command): void {
  command
    .summary("what a sweep found")
    .description(
      "Says what a sweep found: the configurations in their order, the best with its spread over seeds, and which option mattered.",
    )
    .argument("<trials>", "the results of a sweep, .ndjson, also of one that is under way")
    .option("--svg <file>", "draw the trials into FILE.svg", outputFile("--svg", DRAWING_FILE))
    .option("--html <file>", "write tables and pictures to FILE.html", outputFile("--html", REPORT_FILE))
    .option("--json", "print all of it as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel sweep report sweep.trials.ndjson
  unravel sweep report sweep.trials.ndjson --html sweep.html --svg sweep.svg`,
    )
    .action(report);
}

/** Configurations in the terminal at most. */
const SHOWN = 20;

async function report(path: string, options: ReportOptions): Promise<void> {
  if (options.svg !== undefined) await checkOutput(options.svg, DRAWING_FILE);
  if (options.html !== undefined) await checkOutput(options.html, REPORT_FILE);
  const { lines } = await readTrials(path);
  if (lines.length === 0) throw new InputError(`${path} has no trial.`);
  const ranked = ranking(lines);
  const failed = lines.filter(({ status }) => status !== "done");
  const trials = pointsOf(lines);
  const mattered = importances(trials);
  const subtitle = `${basename(path)}: ${counted(trials.length, "training")}, after ${counted(lines[0].epochs, "epoch")}`;
  const written: string[] = [];
  if (options.svg !== undefined) {
    if (trials.length === 0) throw new InputError(`${path}: no trial came to a result that could be drawn.`);
    await writeOutput(
      options.svg,
      DRAWING_FILE,
      new TextEncoder().encode(renderTrialsSvg(trials, { subtitle })),
    );
    written.push(options.svg);
  }
  if (options.html !== undefined) {
    const page = pageOf(path, ranked, mattered, failed, trials);
    await writeOutput(options.html, REPORT_FILE, new TextEncoder().encode(page));
    written.push(options.html);
  }
  if (options.json) {
    printJson({ trials: lines.length, configurations: ranked, options: mattered, failed, written });
    return;
  }
  printLines([
    ...rankingTable(ranked.slice(0, SHOWN)),
    ...(ranked.length > SHOWN ? [`... ${counted(ranked.length - SHOWN, "more configuration")}`] : []),
    "",
    ...importanceLines(mattered),
    ...(failed.length > 0
      ? [
          "",
          `${counted(failed.length, "trial")} without a result:`,
          ...failed.slice(0, SHOWN).map(failureLine),
        ]
      : []),
    "",
    ...bestLines(ranked).flatMap((line) => (line.startsWith("Best: ") ? [line] : wrapped(line))),
    ...written.map((file) => `Wrote ${file}`),
  ]);
}

/** The trainings of the first rung: all had the same number of epochs there. */
function pointsOf(lines: readonly TrialLine[]): TrialPoint[] {
  return lines.flatMap(({ rung, trial, values, seed, validation }) =>
    rung === 1 && validation
      ? [{ label: `trial ${trial}`, values: withSeed(values, seed, lines), accuracy: validation.accuracy }]
      : [],
  );
}

/** Seeds are shown like an option where there are several. */
function withSeed(
  values: TrialLine["values"],
  seed: number,
  lines: readonly TrialLine[],
): TrialLine["values"] {
  return lines.some((line) => line.seed !== seed) ? { ...values, seed } : values;
}

function bestLines([best]: readonly Ranked[]): string[] {
  if (best === undefined) return ["No configuration came to a result."];
  const { accuracy } = best.validation;
  const spread =
    best.seeds > 1
      ? ` (${percent(accuracy.least)} to ${percent(accuracy.most)} over ${best.seeds} seeds)`
      : ", with one seed: how much is chance, more seeds would show";
  return [
    `The best configuration, ${best.configuration}, has ${percent(accuracy.mean)} on the validation images${spread}.`,
    ...(best.test
      ? [`On the test images, by which nothing was chosen: ${percent(best.test.accuracy.mean)}.`]
      : []),
    `Best: ${best.command}`,
  ];
}

const HOW =
  "How much of the accuracies' variance lies between the values of an option, each option by itself (what two do only together isn't seen; a few trials differ by chance):";

function importanceLines(mattered: readonly Importance[]): string[] {
  const rows = mattered.map(({ name, share, groups }) => [
    name,
    percent(share, 0),
    groups[0] ? `${groups[0].values} (${percent(groups[0].accuracy)})` : "",
  ]);
  return [
    "Which option mattered, by itself: its share of the accuracies' variance",
    ...table([["option", "share", "best value, with its mean"], ...rows], [false, true, false]),
  ];
}

function failureLine({ trial, status, problem }: TrialLine): string {
  return `  ${trial} ${status}: ${problem}`;
}

function pageOf(
  path: string,
  ranked: readonly Ranked[],
  mattered: readonly Importance[],
  failed: readonly TrialLine[],
  trials: readonly TrialPoint[],
): string {
  const names = [...new Set(ranked.flatMap(({ values }) => Object.keys(values)))];
  return renderTrialsPage({
    title: `Sweep ${basename(path)}`,
    summary: bestLines(ranked),
    trials,
    tables: [
      {
        title: "Configurations",
        remark:
          "The best first: later rungs before earlier ones, then by the mean accuracy on the validation images.",
        head: ["#", ...names, "epochs", "seeds", "validation", "±", "loss", "test", "seconds", "command"],
        rows: ranked.map(({ configuration, values, epochs, seeds, validation, test, seconds, command }) => [
          String(configuration),
          ...names.map((name) => valueText(values[name])),
          String(epochs),
          String(seeds),
          percent(validation.accuracy.mean),
          seeds > 1 ? `${(100 * validation.accuracy.deviation).toFixed(2)}` : "",
          significant(validation.loss.mean),
          test ? percent(test.accuracy.mean) : "",
          seconds.toFixed(1),
          command,
        ]),
      },
      {
        title: "Which option mattered",
        remark: HOW.replace(/:$/, "."),
        head: ["option", "share", "values, with their mean accuracy"],
        rows: mattered.map(({ name, share, groups }) => [
          name,
          percent(share, 0),
          groups.map((group) => `${group.values}: ${percent(group.accuracy)}`).join("; "),
        ]),
      },
      ...(failed.length === 0
        ? []
        : [
            {
              title: "Without a result",
              remark: "Trials that failed or diverged.",
              head: ["trial", "how", "why", "command"],
              rows: failed.map((line) => [line.trial, line.status, line.problem ?? "", line.command]),
            },
          ]),
    ],
  });
}
