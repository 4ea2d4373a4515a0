import type { Explorer } from "../state/explorer.svelte.js";
import type { Network } from "../state/network.js";
import { choices, networkOf } from "../state/networks.js";
import { stepNames } from "./names.js";
import { type Frame, films } from "./steps.js";

/** After the last picture of a step there is time to read. */
const READING = 3500;

/**
 * Goes through the six steps by itself: each is a film of the page's states. It can be paused, goes back, and on. It ends when
 * it is left, from wherever: the page stays as it is then, unless it showed another network before.
 */
export class Tour {
  /** The step, counted from 0. */
  step = $state(0);
  playing = $state(true);
  /** Whether the last step was shown to its end. */
  isOver = $state(false);
  readonly #explorer: Explorer;
  readonly #onleave: () => void;
  /** Whether nothing moves: each step is its last picture, and the visitor goes on. */
  readonly isStill: boolean;
  #frames: readonly Frame[] = [];
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #before: { readonly network: Network; readonly link: Explorer["link"] } | undefined;

  constructor(explorer: Explorer, isStill: boolean, onleave: () => void) {
    this.#explorer = explorer;
    this.isStill = isStill;
    this.#onleave = onleave;
    this.playing = !isStill;
  }

  /** Opens the network that the steps tell of, if another one is shown, and begins. */
  async begin(): Promise<void> {
    const explorer = this.#explorer;
    const [usual] = choices;
    if (explorer.network.id !== usual.id) {
      const own = { network: explorer.network, link: explorer.link };
      const network = await networkOf(usual.id);
      this.#before = own;
      explorer.open(network, {});
    } else explorer.setScope("image");
    this.#enter(0);
  }

  /** To the step before, from its start. */
  back(): void {
    this.#enter(Math.max(0, this.step - 1));
  }

  /** To the next step, as if this one had been shown to its end. */
  skip(): void {
    const frames = this.#frames.length > 0 ? this.#frames : this.#film();
    frames.at(-1)?.show();
    if (this.step + 1 < stepNames.length) this.#enter(this.step + 1);
    else this.leave();
  }

  /** Pauses, or goes on; at the end it begins again. */
  toggle(): void {
    if (this.isOver) {
      this.#enter(0);
      this.playing = true;
    } else this.playing = !this.playing;
    this.#wait(0);
  }

  leave(): void {
    clearTimeout(this.#timer);
    this.#takeBack();
    if (this.#before) this.#explorer.open(this.#before.network, this.#before.link);
    this.#before = undefined;
    this.#onleave();
  }

  /** Maps are whole again, and what was said to be right isn't said any more. */
  #takeBack(): void {
    this.#explorer.revealed = undefined;
    if (this.#explorer.answer !== undefined) this.#explorer.setAnswer(undefined);
  }

  #enter(step: number): void {
    this.#takeBack();
    this.step = step;
    this.isOver = false;
    this.#frames = [];
    this.#next = 0;
    if (this.isStill) this.#film().at(-1)?.show();
    else this.#go(); // its first picture, also while it is paused
  }

  #film(): readonly Frame[] {
    this.#frames = films[stepNames[this.step]](this.#explorer);
    return this.#frames;
  }

  #wait(time: number): void {
    clearTimeout(this.#timer);
    if (this.playing && !this.isStill) this.#timer = setTimeout(() => this.#go(), time);
  }

  #go(): void {
    const frames = this.#frames.length > 0 ? this.#frames : this.#film();
    if (this.#next < frames.length) {
      const { show, wait } = frames[this.#next++];
      show();
      this.#wait(this.#next === frames.length ? wait + READING : wait);
    } else if (this.step + 1 < stepNames.length) this.#enter(this.step + 1);
    else {
      this.isOver = true;
      this.playing = false;
    }
  }
}
