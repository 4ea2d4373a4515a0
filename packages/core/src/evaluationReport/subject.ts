import type { Dataset } from "../data/dataset.js";
import type { Model } from "../graph/model.js";
import type { Content } from "../html.js";
import type { Evaluation } from "../training/metrics.js";
import type { ScoreSummary } from "../training/quality.js";

/** What a page tells of: a network, images, and how good its answers to them are. */
export interface EvaluationSubject {
  /** For people: a file's name. */
  readonly modelName: string;
  readonly model: Model;
  /** Whether the weights were learnt, and are not fresh. */
  readonly trained: boolean;
  /** What was measured on. */
  readonly data: Dataset;
  /** As `evaluate` gave it. */
  readonly evaluation: Evaluation;
  /** Of the same images, from a `ScoreTally`; left out with several labels at once, where no class is taken for another. */
  readonly scores?: ScoreSummary | undefined;
  /** What an image is called, by its place in the data: its file. Default: its number. */
  readonly nameOf?: ((image: number) => string) | undefined;
}

/** A part of the page. */
export interface Topic {
  /** Where links lead. */
  readonly id: string;
  readonly title: string;
  readonly content: Content;
}

/** Whether the numbers of classes stand beside their names: not where these are the numbers. */
export const areNumbered = (classes: readonly string[]) => classes.some((name, k) => name !== String(k));

/** `98.7%`, with one decimal, or `over 99.9%` for what isn't all. */
export function share(value: number): string {
  const text = (100 * value).toFixed(1);
  if (value < 1 && text === "100.0") return "over 99.9%";
  if (value > 0 && text === "0.0") return "under 0.1%";
  return `${text}%`;
}
