import { MediaQuery } from "svelte/reactivity";

/*
 * What there is room for. The styles of App.svelte, Drawer.svelte and CellSheet.svelte ask the same.
 */

/** Everything stands side by side in one window; else a tab opens over the whole window, and the sum comes up from below. */
export const isWide = new MediaQuery("(min-width: 1280px) and (min-height: 600px)");
/** Beside the network there is room for the open tab and for the sum; else they share a column. */
export const isVeryWide = new MediaQuery("(min-width: 1680px) and (min-height: 600px)");
