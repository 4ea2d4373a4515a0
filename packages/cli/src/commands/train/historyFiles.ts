import { type EpochRecord, renderHistorySvg } from "unravel-cnn";
import { DRAWING_FILE, HISTORY_COLUMNS, HISTORY_FILE, HISTORY_TABLE } from "../../output/kinds.js";
import { kindOf } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import type { TrainOptions } from "./options.js";

/** What a training was of, for those who find its files. */
export interface Circumstances {
  readonly model: string;
  readonly data: string;
  readonly seed: number;
}

/** The files of `--history` and `--plot`. */
export class HistoryFiles {
  readonly #options: Pick<TrainOptions, "history" | "plot">;

  constructor(options: Pick<TrainOptions, "history" | "plot">) {
    this.#options = options;
  }

  /** Looks whether they can be written. @throws InputError, FailureError */
  async check(): Promise<void> {
    const { history, plot } = this.#options;
    if (history !== undefined) await checkOutput(history, kindOfHistory(history));
    if (plot !== undefined) await checkOutput(plot, DRAWING_FILE);
  }

  /** Writes them, if there is anything to tell. @returns their names @throws FailureError if one can't be written */
  async write(epochs: readonly EpochRecord[], about: Circumstances, keptEpoch?: number): Promise<string[]> {
    if (epochs.length === 0) return [];
    const { history, plot } = this.#options;
    const written: string[] = [];
    const write = async (path: string, kind: Parameters<typeof writeOutput>[1], content: string) => {
      await writeOutput(path, kind, new TextEncoder().encode(content));
      written.push(path);
    };
    if (history !== undefined) {
      const kind = kindOfHistory(history);
      await write(history, kind, kind === HISTORY_TABLE ? asTable(epochs) : asJson(epochs, about, keptEpoch));
    }
    if (plot !== undefined) {
      const subtitle = `${about.model} on ${about.data}, seed ${about.seed}`;
      await write(plot, DRAWING_FILE, renderHistorySvg(epochs, { subtitle, keptEpoch }));
    }
    return written;
  }
}

const kindOfHistory = (path: string) => kindOf(path, [HISTORY_TABLE, HISTORY_FILE]) ?? HISTORY_TABLE;

/** Empty where there is no number. */
function asTable(epochs: readonly EpochRecord[]): string {
  const rows = epochs.map((record, k) =>
    HISTORY_COLUMNS.map((column) => (column === "epoch" ? k + 1 : (record[column] ?? ""))).join(","),
  );
  return `${[HISTORY_COLUMNS.join(","), ...rows].join("\n")}\n`;
}

function asJson(epochs: readonly EpochRecord[], about: Circumstances, keptEpoch: number | undefined): string {
  return `${JSON.stringify({ unravel: "history", ...about, keptEpoch: keptEpoch ?? null, epochs })}\n`;
}
