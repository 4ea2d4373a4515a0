import type { Collection } from "./collection.js";
import { type KeptCollection, readCollection, writeCollection } from "./storage.js";

/** Why nothing is kept at present. */
export type KeepingProblem = "otherTab" | "full" | "denied";

/** So long the page that is being left, if this is a reload, may take to let go of what it kept. */
const LOCK_MS = 1500;
/** Ten pictures a second need not be written one by one. */
const REST_MS = 400;

/** Keeps the collection in this browser, for a reload or another day. There is one place for it; of several tabs the first has it. */
export class CollectionKeeper {
  problem = $state<KeepingProblem>();
  #isOwner = false;
  /** As it lies in the browser. */
  #written: Collection | undefined;
  #wanted: KeptCollection | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#flush();
    });
    addEventListener("pagehide", () => this.#flush());
  }

  /** What was kept before, if this tab may go on with it. */
  async open(): Promise<KeptCollection | undefined> {
    this.#isOwner = await lock();
    if (!this.#isOwner) {
      this.problem = "otherTab";
      return undefined;
    }
    try {
      const kept = await readCollection();
      this.#written = kept?.collection;
      return kept;
    } catch {
      this.problem = "denied";
      return undefined;
    }
  }

  /** Keeps this soon. */
  keep(kept: KeptCollection): void {
    this.#wanted = kept;
    this.#timer ??= setTimeout(() => this.#flush(), REST_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work = this.#work.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const wanted = this.#wanted;
    if (!this.#isOwner || !wanted) return;
    this.#wanted = undefined;
    try {
      await writeCollection(wanted, this.#written);
      this.#written = wanted.collection;
      this.problem = undefined;
    } catch (error) {
      this.problem = (error as Error).name === "QuotaExceededError" ? "full" : "denied";
    }
  }
}

/** Held until the page is left. False: another tab has it. */
function lock(): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const hold = () => {
      resolve(true);
      return new Promise<void>(() => {});
    };
    navigator.locks
      .request("unravel collection", { signal: AbortSignal.timeout(LOCK_MS) }, hold)
      // where locks are denied, storage is, too, and says so itself
      .catch((error: Error) => resolve(!["TimeoutError", "AbortError"].includes(error.name)));
  });
}
