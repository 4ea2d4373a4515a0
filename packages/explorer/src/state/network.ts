import type { Model, NamedTensors } from "unravel-cnn";

/** A network with its numbers. */
export interface Network {
  /** As it stands in a link; undefined: it came from a file, which a link can't carry. */
  readonly id: string | undefined;
  readonly title: string;
  /** How good it is, in a few words. */
  readonly note: string;
  readonly model: Model;
  readonly parameters: NamedTensors;
}
