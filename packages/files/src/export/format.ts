import type { SavedModel } from "unravel-cnn";

/** One of the files that an export consists of. */
export interface ExportedFile {
  /** Its name, without a folder: `model.js`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** How the weights are kept. Sums are in float32, whichever it is. */
export const weightKinds = ["f32", "f16", "int8"] as const;
/** Float32, float16, or 8 bits for each weight. */
export type WeightKind = (typeof weightKinds)[number];

/** What an export may be told. Each format knows some of these; the others are refused. */
export interface ExportOptions {
  /** What the files are called, without an ending; default `model`. */
  readonly name?: string;
  /** How the weights are kept; default `f32`. */
  readonly weights?: WeightKind;
  /** What share of a test set's images the network gets right, if that was measured: written where people see it. */
  readonly accuracy?: MeasuredAccuracy;
  /** Whether the network ends in probabilities, not scores; default false. */
  readonly softmax?: boolean;
  /** Whether the network takes bytes from 0 to 255 and scales and normalises them itself; default false. */
  readonly pixels?: boolean;
}

/** A share of right answers, from 0 to 1, and the data and number of images that it was measured on. */
export interface MeasuredAccuracy {
  readonly share: number;
  readonly data: string;
  readonly images: number;
}

/** What a format gets: every option has a value, but for what may be unknown. */
export type ExportSettings = Required<Omit<ExportOptions, "accuracy">> & Pick<ExportOptions, "accuracy">;

/** A way to write a network for something that isn't unravel. */
export interface ExportFormat {
  /** One line for people: what it is, and who takes it. */
  readonly what: string;
  /** How the name of the main file ends: `.onnx`. */
  readonly ending: string;
  /** The options that it knows, besides `name`. */
  readonly options: readonly Exclude<keyof ExportOptions, "name">[];
  /**
   * Whether a file is one that this format wrote, so that it may be replaced.
   * @param head the file's first 64 KiB, a character for each byte
   * @param tail its last 64 bytes
   */
  readonly isOurs: (head: string, tail: string) => boolean;
  /**
   * The files of the network, the main one first; the others lie beside it, and their names begin with `settings.name`.
   * @throws InputError if the format can't express the network: it names the layer
   */
  readonly write: (
    saved: SavedModel,
    settings: ExportSettings,
  ) => readonly ExportedFile[] | Promise<readonly ExportedFile[]>;
}
