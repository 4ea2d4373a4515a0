import { getContext, setContext } from "svelte";
import type { Tour } from "../start/tour.svelte.js";
import type { Drawer } from "./drawer.svelte.js";
import type { Explorer } from "./explorer.svelte.js";

const KEY = "unravel.started";

/** *Start here*: whether a visitor is asked to, and the steps while they run. */
export class Start {
  /** Whether this is the first visit, by no link that leads somewhere. */
  isAsked = $state(false);
  /** The steps, while they are shown. */
  tour = $state.raw<Tour>();
  readonly #explorer: Explorer;
  readonly #drawer: Drawer;

  constructor(explorer: Explorer, drawer: Drawer) {
    this.#explorer = explorer;
    this.#drawer = drawer;
  }

  /**
   * Asks whoever comes for the first time; who comes back isn't asked again.
   * @param isLed whether a link leads to something else
   */
  welcome(isLed: boolean): void {
    this.isAsked = !isLed && !wasHere();
    if (this.isAsked) keep();
  }

  /** Shows the steps from the first one, wherever the visitor is. */
  async begin(): Promise<void> {
    this.tour?.leave();
    this.isAsked = false;
    keep();
    this.#drawer.training?.pause(); // or its network would come back
    this.#drawer.tab = undefined;
    try {
      const { Tour } = await import("../start/tour.svelte.js");
      const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const tour = new Tour(this.#explorer, isStill, () => {
        this.tour = undefined;
      });
      await tour.begin();
      this.tour = tour;
    } catch (error) {
      this.#explorer.tell(`The steps could not be loaded: ${(error as Error).message}`);
    }
  }
}

function wasHere(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}

function keep(): void {
  try {
    localStorage.setItem(KEY, "1");
  } catch {
    // a browser that keeps nothing asks again
  }
}

const key = Symbol("start");

export const provideStart = (start: Start): Start => setContext(key, start);
export const useStart = (): Start => getContext(key);
