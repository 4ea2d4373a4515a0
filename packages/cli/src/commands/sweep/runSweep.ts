import { shellWord } from "../../terminal/shell.js";
import type { Score, TrialLine } from "./outcome.js";
import type { Ended, Runner } from "./runner.js";
import type { Configuration } from "./space.js";
import type { Sweep } from "./sweepFile.js";
import { configurationsOf, type Rung, rungsOf, survivors, type Trial, trialsOf } from "./trial.js";
import type { TrialFile } from "./trialFile.js";

/** What is heard of a sweep. */
export interface SweepListener {
  /** Now and then: what is running, with its share. */
  readonly onProgress?: (standing: Standing) => void;
  readonly onTrial?: (line: TrialLine) => void;
  /** Before a rung's first trial. */
  readonly onRung?: (rung: Rung, configurations: number) => void;
}

export interface Standing {
  /** Trials of this rung that have ended, and all of them; undefined where only time bounds them. */
  readonly done: number;
  readonly all: number | undefined;
  /** The ids of those that run, and how far each is. */
  readonly running: ReadonlyMap<string, number>;
}

/** How a sweep ended. */
export interface SweepEnd {
  /** Whether the time was over before all was done. */
  readonly isOutOfTime: boolean;
}

/**
 * Does all trials of a sweep that aren't in its file yet, rung by rung, and adds a line for each as it ends.
 * @throws what the signal was aborted with, FailureError
 */
export async function runSweep(
  sweep: Sweep,
  file: TrialFile,
  runner: Runner,
  listener: SweepListener,
  signal: AbortSignal,
): Promise<SweepEnd> {
  const deadline =
    sweep.budget.minutes === undefined ? Infinity : performance.now() + 60_000 * sweep.budget.minutes;
  let configurations: Iterable<Configuration> = configurationsOf(sweep);
  const isEndless = sweep.budget.trials === undefined && sweep.search.type === "random";
  for (const rung of rungsOf(sweep.search, sweep.epochs)) {
    const begun: Configuration[] = [];
    const all = isEndless ? undefined : [...configurations];
    listener.onRung?.(rung, all?.length ?? 0);
    const trials = (function* () {
      for (const configuration of all ?? configurations) {
        begun.push(configuration);
        yield* trialsOf(sweep, configuration, rung);
      }
    })();
    const count = all && all.length * sweep.seeds.length;
    const isOutOfTime = await runAll(trials, count, { sweep, file, runner, listener, signal, deadline });
    if (isOutOfTime) return { isOutOfTime };
    if (sweep.search.type === "halving") {
      configurations = survivors(begun, sweep.search.factor, (one) => meanOf(sweep, one, rung, file));
    }
  }
  return { isOutOfTime: false };
}

interface Work {
  readonly sweep: Sweep;
  readonly file: TrialFile;
  readonly runner: Runner;
  readonly listener: SweepListener;
  readonly signal: AbortSignal;
  readonly deadline: number;
}

/** Does trials, as many at a time as there is room for. Returns whether the time was over before all were begun. */
async function runAll(
  trials: Iterator<Trial>,
  count: number | undefined,
  { sweep, file, runner, listener, signal, deadline }: Work,
): Promise<boolean> {
  const running = new Map<string, number>();
  let done = 0;
  const tell = () => listener.onProgress?.({ done, all: count, running });
  let isOutOfTime = false;
  const workOff = async (): Promise<void> => {
    for (;;) {
      signal.throwIfAborted();
      const next = trials.next();
      if (next.done) return;
      const trial = next.value;
      if (file.get(trial.id)) {
        done++;
        continue;
      }
      if (performance.now() >= deadline) {
        isOutOfTime = true;
        return;
      }
      running.set(trial.id, 0);
      const ended = await runner.run(trial, (share) => {
        running.set(trial.id, share);
        tell();
      });
      running.delete(trial.id);
      const line = lineOf(sweep, trial, ended);
      await file.add(line);
      done++;
      listener.onTrial?.(line);
      tell();
    }
  };
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => {});
  // one that fails ends all: what the others still do is ended with the runner
  await Promise.race([Promise.all(Array.from({ length: runner.slots }, workOff)), aborted]);
  return isOutOfTime;
}

function lineOf(
  sweep: Sweep,
  trial: Trial,
  { outcome, seconds, trained, where, attempts }: Ended,
): TrialLine {
  const { id, configuration, rung, epochs, seed, values, words } = trial;
  return {
    sweep: sweep.id,
    trial: id,
    configuration,
    rung,
    epochs,
    seed,
    values,
    command: `unravel train ${words.map(shellWord).join(" ")}`,
    ...outcome,
    run: { seconds: Number(seconds.toFixed(3)), trained, ended: new Date().toISOString(), where, attempts },
  };
}

/** The mean over a configuration's seeds; undefined where one has no result. */
function meanOf(sweep: Sweep, configuration: Configuration, rung: Rung, file: TrialFile): Score | undefined {
  const scores = trialsOf(sweep, configuration, rung).map(({ id }) => file.get(id)?.validation ?? undefined);
  if (scores.some((score) => score === undefined)) return undefined;
  const mean = (of: (score: Score) => number) =>
    (scores as Score[]).reduce((sum, score) => sum + of(score), 0) / scores.length;
  return { accuracy: mean(({ accuracy }) => accuracy), loss: mean(({ loss }) => loss) };
}
