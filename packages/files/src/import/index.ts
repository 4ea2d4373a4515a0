import { InputError } from "unravel-cnn";
import type { ImportedFile, ImportedModel, ImportFormat, ImportOptions } from "./format.js";
import { keras } from "./keras/index.js";
import { onnxImport } from "./onnx/index.js";
import { pickle, stateDict } from "./stateDict/index.js";
import { tfjs } from "./tfjs/index.js";

/** The formats, by the names that people give them. */
export const importFormats: Readonly<Record<string, ImportFormat>> = {
  onnx: onnxImport,
  keras,
  tfjs,
  stateDict,
  pickle,
};

/**
 * Reads a network that another program wrote. The format follows from what is in the file, else from its name's ending.
 * @throws InputError in one sentence if no format takes the file, it is damaged, or has what this library can't express
 */
export async function importModel(file: ImportedFile, options: ImportOptions = {}): Promise<ImportedModel> {
  const formats = Object.values(importFormats);
  const format =
    formats.find(({ looksLike }) => looksLike(file.bytes)) ??
    formats.find(({ endings }) => endings.some((ending) => file.name.toLowerCase().endsWith(ending)));
  if (format === undefined) {
    const choice = formats.map(({ what, endings }) => `${what} (${endings.join(", ")})`);
    throw new InputError(
      `${file.name}: this is none of the files that can be imported: ${choice.join("; ")}.`,
    );
  }
  return format.read(file, options);
}
