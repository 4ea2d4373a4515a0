import { getContext, setContext } from "svelte";
import { type BrokenSettings, usualBroken } from "../broken/settings.js";
import { type TimingSettings, usualTiming } from "../timing/settings.js";
import type { Keeper } from "../training/keeper.svelte.js";
import { defaults, type Settings } from "../training/settings.js";
import type { LiveTraining } from "../training/training.svelte.js";
import { keepWidth, keptWidth } from "./drawerWidth.js";
import type { Explorer } from "./explorer.svelte.js";
import type { LinkState } from "./link.js";
import { isReload } from "./reload.js";

/** What is open beside the network, and what is chosen there. */
export class Drawer {
  /** The open tab; undefined: none. */
  tab = $state<string>();
  /** Pixels of its column, where it has one. */
  width = $state(keptWidth());
  settings = $state.raw<Settings>(defaults);
  timing = $state.raw<TimingSettings>(usualTiming);
  broken = $state.raw<BrokenSettings>(usualBroken);
  /** The open lesson and its step, counted from 1. */
  lesson = $state.raw<{ readonly id: string; readonly step: number }>();
  /** What the sender of the link wants to say. */
  note = $state<string>();
  /** The training of this page, once somebody came to it. It goes on while other tabs are open, or none. */
  training = $state.raw<LiveTraining>();
  /** Keeps it in this browser, for a reload. */
  keeper = $state.raw<Keeper>();
  readonly #explorer: Explorer;

  constructor(explorer: Explorer) {
    this.#explorer = explorer;
  }

  /** Opens what a link says. */
  open({ tab, settings, timing, broken, lesson, step, note }: LinkState): void {
    const teaches = lesson !== undefined || note !== undefined;
    this.tab = tab ?? (teaches ? "lessons" : undefined);
    this.lesson = lesson === undefined ? undefined : { id: lesson, step: step ?? 1 };
    this.note = note;
    this.settings = settings ?? defaults;
    this.timing = timing ?? usualTiming;
    this.broken = broken ?? usualBroken;
  }

  get link(): Pick<LinkState, "tab" | "settings" | "timing" | "broken" | "lesson" | "step" | "note"> {
    const { tab, settings, timing, broken, lesson, note } = this;
    return {
      ...(tab !== undefined && { tab }),
      ...(lesson && { lesson: lesson.id, step: lesson.step }),
      ...(note !== undefined && { note }),
      settings,
      timing,
      broken,
    };
  }

  /** Makes the column as wide as this, or as there is room for. */
  resize(width: number): void {
    this.width = keepWidth(width);
  }

  /** The training, with its script, which isn't fetched before. */
  async openTraining(): Promise<LiveTraining> {
    const [{ LiveTraining }, { Keeper }] = await Promise.all([
      import("../training/training.svelte.js"),
      import("../training/keeper.svelte.js"),
    ]);
    this.training ??= new LiveTraining(this.#explorer);
    this.keeper ??= new Keeper(this.training, (text) => {
      if (this.tab !== "train") this.#explorer.tell(text, false); // there it stands above the curves
    });
    return this.training;
  }

  /** After a reload: the training that was interrupted goes on. */
  async goOn(): Promise<void> {
    if (!isReload()) return;
    const { isKept } = await import("../training/storage.js");
    if (await isKept()) await this.openTraining();
  }

  /** Begins a training with the settings that are chosen, whatever was trained before. */
  async train(): Promise<void> {
    (await this.openTraining()).begin(this.settings);
  }

  /** Files of a data set that the visitor gave. */
  async takeData(files: readonly File[]): Promise<void> {
    const training = await this.openTraining();
    training.take(files);
    this.settings = { ...this.settings, data: "files" };
    this.tab = "train";
  }

  /** Plays or pauses the training, from anywhere on the page. */
  async playOrPause(): Promise<void> {
    const training = await this.openTraining();
    if (training.phase === "idle") this.tab = "train";
    training.toggle(this.settings);
  }
}

const key = Symbol("drawer");

export const provideDrawer = (drawer: Drawer): Drawer => setContext(key, drawer);
export const useDrawer = (): Drawer => getContext(key);
