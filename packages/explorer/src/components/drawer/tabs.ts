import type { Component } from "svelte";

/** What lies in the drawer beside the network. */
export interface Tab {
  /** As it stands in a link: `tab=train`. */
  readonly id: string;
  readonly title: string;
  /** Whether it wants the column for itself: the sum below it is folded until somebody opens it. */
  readonly isTall?: boolean;
  /** Fetched when it is opened first, so that the page itself opens fast. */
  readonly load: () => Promise<{ readonly default: Component }>;
}

/** The tabs, from left to right. */
export const tabs: readonly Tab[] = [
  { id: "train", title: "Train", load: () => import("../train/Train.svelte") },
  { id: "collect", title: "Collect", isTall: true, load: () => import("../collect/CollectTab.svelte") },
  { id: "time", title: "Time it", load: () => import("../timing/TimingTab.svelte") },
  { id: "break", title: "Break it", load: () => import("../broken/BrokenTab.svelte") },
  { id: "lessons", title: "Lessons", load: () => import("../lessons/LessonsTab.svelte") },
];
