import type { ModelSpec, SavedModel } from "unravel-cnn";

/** A file that an import consists of, as a person gives it. */
export interface ImportedFile {
  /** What to call it in an error; its ending counts, too. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What an import may be told. */
export interface ImportOptions {
  /** The network, where the file brings only weights. */
  readonly spec?: ModelSpec;
  /** Reads a file that the first one names (weights beside it), by a name without folders. */
  readonly beside?: (name: string) => Promise<Uint8Array>;
}

/** A network that came from another program's file. */
export interface ImportedModel extends SavedModel {
  /** Where each parameter came from: its name here, its name there, and what was done to it (`turned to [out, in, kh, kw]`). */
  readonly table: readonly { readonly to: string; readonly from: string; readonly how: string }[];
  /** What a person should know: what was left out, and what was taken to mean something. Whole sentences. */
  readonly remarks: readonly string[];
}

/** A way to read a network that another program wrote. */
export interface ImportFormat {
  /** One line for people: what it is, and who writes it. */
  readonly what: string;
  /** The endings of its files' names, in lower case: `.onnx`. */
  readonly endings: readonly string[];
  /** Whether a file's first bytes look like this format. */
  readonly looksLike: (bytes: Uint8Array) => boolean;
  /** @throws InputError in one sentence: the file, the node or layer, what can't be taken and why */
  readonly read: (file: ImportedFile, options: ImportOptions) => ImportedModel | Promise<ImportedModel>;
}
