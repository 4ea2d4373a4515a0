import { availableParallelism } from "node:os";
import { basename, extname } from "node:path";
import { FailureError, InputError } from "unravel-cnn";
import { Interrupted, interruptible } from "../../exit.js";
import { TRIALS_FILE } from "../../output/kinds.js";
import { checkOutput } from "../../output/write.js";
import { clock, counted, percent, whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { shellWord } from "../../terminal/shell.js";
import { LocalRunner } from "./localRunner.js";
import type { TrialLine } from "./outcome.js";
import { ranking, summaryLines } from "./ranking.js";
import type { Runner } from "./runner.js";
import { runSweep, type Standing } from "./runSweep.js";
import { readSweep, type Sweep } from "./sweepFile.js";
import { configurationsOf, rungsOf, trialsOf } from "./trial.js";
import { TrialFile } from "./trialFile.js";

export interface SweepOptions {
  out?: string;
  jobs?: number;
  redis?: string;
  plan?: boolean;
  json?: boolean;
  quiet?: boolean;
}

export async function sweep(file: string, options: SweepOptions): Promise<void> {
  if (options.redis !== undefined && options.jobs !== undefined) {
    throw new InputError(
      "--jobs is for trials on this machine; with --redis each worker has its --concurrency.",
    );
  }
  const what = await readSweep(file);
  if (options.plan) {
    printLines(planOf(what));
    return;
  }
  const out = options.out ?? `${basename(file, extname(file))}.trials.ndjson`;
  await checkOutput(out, TRIALS_FILE);
  const trials = await TrialFile.open(out, what.id);
  try {
    await interruptible((signal) => run(what, trials, options, signal));
  } finally {
    await trials.close();
  }
}

async function run(what: Sweep, file: TrialFile, options: SweepOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(process.stderr, options.quiet === true);
  const before = file.lines.length;
  progress.say(`Sweep     ${describeSweep(what)}`);
  if (before > 0) progress.say(`Going on  ${counted(before, "trial")} of it in ${file.path} already`);
  if (what.budget.minutes !== undefined) {
    progress.say(
      "Budget    by time: which trials are done depends on the machine, so it can't be reproduced",
    );
  }
  const folder = `${file.path}.checkpoints`;
  const runner = await runnerOf(what, options, folder, (line) => progress.say(line));
  const board = new Board(progress, runner, file.lines);
  try {
    // what is there is of a sweep whose trials are gone
    if (before === 0 && runner instanceof LocalRunner) await runner.forget();
    const { isOutOfTime } = await runSweep(
      what,
      file,
      runner,
      {
        onRung: ({ number, epochs }, configurations) => {
          if (what.search.type !== "halving") return;
          progress.say(`Rung ${number}    ${counted(configurations, "configuration")} to epoch ${epochs}`);
        },
        onTrial: (line) => board.add(line),
        onProgress: (standing) => board.show(standing),
      },
      signal,
    );
    if (isOutOfTime) progress.say("The time is over: no more trials are begun.");
    else if (runner instanceof LocalRunner) await runner.forget();
  } catch (error) {
    if (error instanceof Interrupted) {
      error.outcome = `${counted(file.lines.length, "trial")} are kept in ${file.path}; the same command goes on`;
    }
    throw error;
  } finally {
    progress.clear();
    await runner.close();
  }
  tell(what, file, options);
}

async function runnerOf(
  what: Sweep,
  { redis, jobs }: SweepOptions,
  folder: string,
  say: (line: string) => void,
): Promise<Runner> {
  if (redis === undefined) return new LocalRunner(jobs ?? availableParallelism(), folder);
  const { RedisRunner } = await import("./redis/runner.js");
  return RedisRunner.connect(redis, what, say);
}

function tell(what: Sweep, file: TrialFile, { json, quiet }: SweepOptions): void {
  const ranked = ranking(file.lines);
  const [best] = ranked;
  const count = (status: string) => file.lines.filter((line) => line.status === status).length;
  const counts = { done: count("done"), failed: count("failed"), diverged: count("diverged") };
  if (json) {
    printJson({ sweep: what.id, out: file.path, trials: file.lines.length, ...counts, best: best ?? null });
  } else if (best === undefined) {
    const [first] = file.lines;
    throw new FailureError(
      `No trial came to a result; ${first ? `the first says: ${first.problem}` : "none was done."}`,
    );
  } else printLines(quiet ? [best.command] : summaryLines(ranked, counts, file.path));
}

/** The bar of a sweep: what runs, the best so far, the time left. */
class Board {
  readonly #progress: Progress;
  readonly #runner: Runner;
  readonly #start = performance.now();
  /** Those that were done by this process, for the time that is left. */
  #ended = 0;
  #best: number | undefined;

  constructor(progress: Progress, runner: Runner, lines: readonly TrialLine[]) {
    this.#progress = progress;
    this.#runner = runner;
    for (const line of lines) this.#look(line);
  }

  add(line: TrialLine): void {
    this.#ended++;
    this.#look(line);
    if (line.status === "done") return;
    this.#progress.say(`Trial ${line.trial}: ${line.problem}`);
  }

  #look({ validation }: TrialLine): void {
    if (validation && !(validation.accuracy <= (this.#best ?? -1))) this.#best = validation.accuracy;
  }

  show({ done, all, running }: Standing): void {
    const underWay = [...running.values()].reduce((sum, share) => sum + share, 0);
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = (this.#ended + underWay) / seconds;
    const left = all === undefined || rate === 0 ? undefined : (all - done - underWay) / rate;
    this.#progress.show({
      title:
        all === undefined
          ? `Trial ${whole(done + 1)}`
          : `Trial ${whole(Math.min(done + 1, all))}/${whole(all)}`,
      share: all === undefined ? 0 : Math.min(1, (done + underWay) / Math.max(1, all)),
      details: [
        ...(this.#best === undefined ? [] : [`best ${percent(this.#best)}`]),
        ...(left === undefined ? [] : [`ETA ${clock(left)}`]),
        `runs ${[...running.keys()].slice(0, this.#runner.running()).join(" ")}`,
      ],
    });
  }
}

function describeSweep(what: Sweep): string {
  const { dimensions, seeds, search, budget } = what;
  const names = dimensions.map(({ name }) => name).join(", ");
  const perSeed = seeds.length > 1 ? `, ${seeds.length} seeds each` : "";
  const limit = [
    ...(budget.trials === undefined ? [] : [counted(budget.trials, "trial")]),
    ...(budget.minutes === undefined ? [] : [counted(budget.minutes, "minute")]),
  ].join(" or ");
  return `${search.type} over ${names || "seeds"}${perSeed}${limit ? `; at most ${limit}` : ""}`;
}

/** The most trials that `--plan` lists. */
const MOST_LISTED = 50;

/** What a sweep would do. */
function planOf(what: Sweep): string[] {
  const rungs = rungsOf(what.search, what.epochs);
  const lines = [describeSweep(what)];
  const listed: string[] = [];
  let count = 0;
  for (const configuration of configurationsOf(what)) {
    for (const { id, words } of trialsOf(what, configuration, rungs[0])) {
      if (listed.length < MOST_LISTED) listed.push(`${id}  unravel train ${words.map(shellWord).join(" ")}`);
      count++;
    }
    if (what.budget.trials === undefined && count >= MOST_LISTED && what.search.type === "random") break;
  }
  if (rungs.length > 1) {
    lines.push(`rungs end after ${rungs.map(({ epochs }) => epochs).join(", ")} epochs; the first has:`);
  }
  const more = count > listed.length ? [`... ${counted(count - listed.length, "more trial")}`] : [];
  return [...lines, ...listed, ...more];
}
