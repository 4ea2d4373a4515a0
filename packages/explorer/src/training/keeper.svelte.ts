import { untrack } from "svelte";
import { whole } from "unravel-cnn";
import { isReload } from "../state/reload.js";
import type { Collected } from "./collected.js";
import type { OwnImages } from "./data.js";
import type { Settings } from "./settings.js";
import {
  checkKept,
  forgetKept,
  type Kept,
  modelIn,
  readCollected,
  readFiles,
  readKept,
  reasonOf,
  version,
  writeCollected,
  writeFiles,
  writeKept,
} from "./storage.js";
import type { LiveTraining } from "./training.svelte.js";

/** A training of before that waits for the visitor's word. */
export interface Waiting {
  /** Undefined: it can't go on. */
  readonly kept: Kept | undefined;
  /** Its network, as a file, if that much is whole. */
  readonly model: Uint8Array | undefined;
  /** Why it doesn't go on, in a sentence; empty: nobody said so yet. */
  readonly problem: string;
}

/** So long the page that is being left, if this is a reload, may take to let go of what it kept. */
const LOCK_MS = 1500;
/** Where the page that is being left says how far it had come: nothing slower is sure to be done then. */
const REACHED = "unravel reached";
const OTHER_TAB =
  "Another tab with this page keeps its training, so this one would be lost on a reload: save the model before you leave.";

/**
 * Keeps the page's training in this browser, every second or two and whenever it stops, and goes on with it after a reload.
 * There is one place for it; of several tabs the first has it.
 */
export class Keeper {
  /** The step at which it went on, and the one that it had come to, until the visitor has read that. */
  wentOn = $state.raw<{ readonly from: number; readonly reached: number }>();
  waiting = $state.raw<Waiting>();
  /** Whether it is just going on with that one, so that nobody is asked. */
  isGoingOn = $state(false);
  /** Why nothing is kept at present, in a sentence. */
  problem = $state("");

  readonly #training: LiveTraining;
  readonly #tell: (text: string) => void;
  /** Whether what is kept is this page's. */
  #isOwner = false;
  #goingOn: Waiting | undefined;
  #isKeeping = false;
  /** Whether it has to be done once more. */
  #again = false;
  #filesKept: readonly File[] = [];
  #collectedKept: Collected | undefined;
  /** The step that this page had come to before it was loaded again; 0: it wasn't, or didn't train. */
  #reached = takeWord();

  constructor(training: LiveTraining, tell: (text: string) => void) {
    this.#training = training;
    this.#tell = tell;
    void this.#begin();
  }

  async #begin(): Promise<void> {
    await this.#claim(LOCK_MS, isReload());
    $effect.root(() => {
      $effect(() => {
        void this.#training.phase;
        untrack(() => this.#phaseChanged());
      });
      $effect(() => {
        void this.#training.saved;
        untrack(() => void this.keep());
      });
    });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) void this.#training.save();
    });
    addEventListener("pagehide", () => {
      void this.#training.save(); // may come too late
      this.#leaveWord();
    });
  }

  /** Becomes the one that keeps, if no other tab is, and looks what there is. */
  async #claim(patience: number, goOn: boolean): Promise<void> {
    if (this.#isOwner) return;
    if (!(await lock(patience))) {
      this.problem = OTHER_TAB;
      return;
    }
    this.#isOwner = true;
    try {
      const found = await readKept();
      if (found !== undefined) this.#find(found, goOn);
      this.problem = "";
    } catch (error) {
      this.problem = reasonOf(error);
    }
  }

  #find(found: unknown, goOn: boolean): void {
    const model = modelIn(found);
    try {
      this.waiting = { kept: checkKept(found), model, problem: "" };
      if (goOn && this.#training.phase === "idle") void this.goOn();
    } catch (error) {
      this.waiting = { kept: undefined, model, problem: (error as Error).message };
    }
  }

  #leaveWord(): void {
    const { phase, progress } = this.#training;
    if (!this.#isOwner || this.waiting || phase !== "running") return;
    try {
      sessionStorage.setItem(REACHED, String(progress?.steps ?? 0));
    } catch {
      // denied: then nothing was kept either
    }
  }

  /** Goes on with what was kept, and trains on if it did. */
  async goOn(): Promise<void> {
    const { waiting } = this;
    if (!waiting?.kept) return;
    this.isGoingOn = true;
    const { saved, running, mayFetch } = waiting.kept;
    if (mayFetch) this.#training.images.mayFetch = true;
    const own = await this.#ownImages(saved.settings);
    this.#goingOn = waiting;
    this.#training.restore(saved, running ? "end" : undefined, own);
  }

  /** What was kept of the images that the visitor gave. */
  async #ownImages({ data }: Settings): Promise<OwnImages> {
    if (data === "files") {
      this.#filesKept = await readFiles().catch(() => []);
      return this.#filesKept.length > 0 ? { files: this.#filesKept } : {};
    }
    if (data === "collected") {
      this.#collectedKept = await readCollected().catch(() => undefined);
      return this.#collectedKept ? { collected: this.#collectedKept } : {};
    }
    return {};
  }

  /** Drops what was kept; from now on the present training is. */
  async forget(): Promise<void> {
    this.waiting = undefined;
    await forgetKept().catch(() => {}); // it will be written over
    await this.keep();
  }

  #phaseChanged(): void {
    const { phase, problem, settings } = this.#training;
    if (phase === "loading") return;
    const wanted = this.#goingOn;
    this.#goingOn = undefined;
    if (wanted) this.isGoingOn = false;
    if (phase === "idle") {
      if (wanted) this.waiting = { ...wanted, problem };
      return;
    }
    const saved = wanted?.kept?.saved;
    if (saved && saved.settings === settings) {
      this.waiting = undefined;
      const { steps: from } = saved.training;
      this.wentOn = { from, reached: Math.max(from, this.#reached) };
      this.#reached = 0;
      this.#tell(sentenceOf(this.wentOn));
      void this.keep();
    }
  }

  /** Keeps the training as it was saved last; what was kept before stays if that fails. */
  async keep(): Promise<void> {
    const training = this.#training;
    if (!training.saved || ["idle", "loading", "stopped"].includes(training.phase)) return;
    this.#again = this.#isKeeping;
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    try {
      await this.#claim(0, false);
      if (!this.#isOwner || this.waiting) return;
      const { saved, about, ownImages, images } = training;
      if (!saved || !about) return;
      const { files, collected } = ownImages;
      if (files && files !== this.#filesKept) {
        await writeFiles(files);
        this.#filesKept = files;
      }
      if (collected && collected !== this.#collectedKept) {
        await writeCollected(collected);
        this.#collectedKept = collected;
      }
      const running = training.phase === "running";
      await writeKept({
        version,
        at: Date.now(),
        running,
        spec: about.spec,
        saved,
        mayFetch: images.mayFetch,
      });
      this.problem = "";
    } catch (error) {
      this.problem = reasonOf(error);
    } finally {
      this.#isKeeping = false;
      if (this.#again) void this.keep();
    }
  }
}

/** What became of a training that was interrupted, said once. */
export function sentenceOf({ from, reached }: { readonly from: number; readonly reached: number }): string {
  const start = `Went on from step ${whole(from)}.`;
  return reached > from
    ? `${start} The steps after it, up to ${whole(reached)}, were not kept yet. They are done again and give the same numbers.`
    : start;
}

/** What the page that was left said, if it is this one. */
function takeWord(): number {
  try {
    const reached = Number(sessionStorage.getItem(REACHED));
    sessionStorage.removeItem(REACHED);
    return isReload() && Number.isInteger(reached) ? reached : 0;
  } catch {
    return 0;
  }
}

/** Held until the page is left. False: another tab has it, for longer than `patience` milliseconds. */
function lock(patience: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = patience === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(patience) };
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    };
    navigator.locks.request("unravel training", options, hold).catch((error: Error) => {
      // where locks are denied, storage is, too, and says so itself
      resolve(error.name !== "TimeoutError" && error.name !== "AbortError");
    });
  });
}
