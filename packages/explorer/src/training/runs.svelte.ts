import type { Run } from "./run.js";
import { curveNames } from "./saved.js";
import { type Settings, settingsFrom, settingsWords } from "./settings.js";

/** So many lines can be told apart: those of before, and the present one. */
export const COLOURS = 6;

const KEY = "unravel runs";

/** The trainings of before, the newest last, kept until the browser's tab is closed. */
export class Runs {
  all = $state.raw<readonly Run[]>(read());
  /** Of the present training. */
  colour = $state(0);

  /** A training ends, and another one with these settings begins: the same again would be the same line. */
  follow(ended: Run | undefined, next: Pick<Run, "settings" | "files">): void {
    const all = ended && ended.steps > 0 ? [...this.all, ended] : this.all;
    this.#set(all.filter((one) => !isSame(one, next)).slice(1 - COLOURS));
    const used = this.all.map(({ colour }) => colour);
    this.colour = Array.from({ length: COLOURS }, (_, k) => k).find((k) => !used.includes(k)) ?? 0;
  }

  remove(run: Run): void {
    this.#set(this.all.filter((one) => one !== run));
  }

  clear(): void {
    this.#set([]);
  }

  #set(all: readonly Run[]): void {
    this.all = all;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // denied, or full: they are shown until the page is left
    }
  }
}

const isSame = (a: Pick<Run, "settings" | "files">, b: Pick<Run, "settings" | "files">) =>
  a.files === b.files &&
  Object.entries(a.settings).every(([name, value]) => b.settings[name as keyof Settings] === value);

/** What an earlier view of the page kept, as far as it is whole. */
function read(): Run[] {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as Run[];
    return found.map((run) => {
      const words = settingsWords(run.settings);
      const settings = settingsFrom((name) => words[name]);
      const isWhole =
        [run.colour, run.steps, run.total].every(Number.isInteger) &&
        run.colour < COLOURS &&
        typeof run.files === "string" &&
        curveNames.every((name) => run.curves[name].flat().every(Number.isFinite));
      if (!isWhole) throw new Error("damaged");
      return { ...run, settings };
    });
  } catch {
    return [];
  }
}
