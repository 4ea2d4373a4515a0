import { getContext, setContext } from "svelte";
import { type TimingSettings, usualTiming } from "../timing/settings.js";
import { defaults, type Settings } from "../training/settings.js";
import type { LinkState } from "./link.js";

/** What is open below the network, and what is chosen there. */
export class Drawer {
  /** The open tab; undefined: none. */
  tab = $state<string>();
  settings = $state.raw<Settings>(defaults);
  timing = $state.raw<TimingSettings>(usualTiming);

  /** Opens what a link says. */
  open({ tab, settings, timing }: LinkState): void {
    this.tab = tab;
    this.settings = settings ?? defaults;
    this.timing = timing ?? usualTiming;
  }

  get link(): Pick<LinkState, "tab" | "settings" | "timing"> {
    const { tab, settings, timing } = this;
    return { ...(tab !== undefined && { tab }), settings, timing };
  }
}

const key = Symbol("drawer");

export const provideDrawer = (drawer: Drawer): Drawer => setContext(key, drawer);
export const useDrawer = (): Drawer => getContext(key);
