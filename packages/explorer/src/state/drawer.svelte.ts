import { getContext, setContext } from "svelte";
import { defaults, type Settings } from "../training/settings.js";
import type { LinkState } from "./link.js";

/** What is open below the network, and how networks are to be trained there. */
export class Drawer {
  /** The open tab; undefined: none. */
  tab = $state<string>();
  settings = $state.raw<Settings>(defaults);

  /** Opens what a link says. */
  open({ tab, settings }: LinkState): void {
    this.tab = tab;
    this.settings = settings ?? defaults;
  }

  get link(): Pick<LinkState, "tab" | "settings"> {
    const { tab, settings } = this;
    return { ...(tab !== undefined && { tab }), settings };
  }
}

const key = Symbol("drawer");

export const provideDrawer = (drawer: Drawer): Drawer => setContext(key, drawer);
export const useDrawer = (): Drawer => getContext(key);
