import { checkParameters, InputError, nearest, type SavedModel } from "unravel-cnn";
import { c } from "./c/index.js";
import {
  type ExportedFile,
  type ExportFormat,
  type ExportOptions,
  type MeasuredAccuracy,
  weightKinds,
} from "./format.js";
import { htmlFormat } from "./html/index.js";
import { jsFormat } from "./js/index.js";
import { numpy } from "./numpy/index.js";
import { onnxExport } from "./onnx/index.js";
import { pytorch } from "./pytorch/index.js";
import { tfjs } from "./tfjs/index.js";

/** The formats, by the names that people give them. */
export const exportFormats: Readonly<Record<string, ExportFormat>> = {
  js: jsFormat,
  html: htmlFormat,
  onnx: onnxExport,
  tfjs,
  numpy,
  pytorch,
  c,
};

/** What each option has to be, for people. */
const checks: { readonly [Name in keyof Required<ExportOptions>]: (value: unknown) => string | undefined } = {
  name: (value) =>
    typeof value === "string" && /^[^/\\\0]+$/.test(value)
      ? undefined
      : "a file name without folder and ending",
  weights: (value) => (weightKinds.includes(value as never) ? undefined : `one of ${weightKinds.join(", ")}`),
  accuracy: (value) =>
    isAccuracy(value) ? undefined : 'an object like { share: 0.98, data: "mnist", images: 10000 }',
  softmax: yesOrNo,
  pixels: yesOrNo,
};

function isAccuracy(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { share, data, images } = value as Partial<Record<keyof MeasuredAccuracy, unknown>>;
  const isShare = typeof share === "number" && share >= 0 && share <= 1;
  return isShare && typeof data === "string" && Number.isInteger(images) && (images as number) > 0;
}

function yesOrNo(value: unknown): string | undefined {
  return typeof value === "boolean" ? undefined : "true or false";
}

/**
 * Writes a network in another program's format.
 * @param saved the network and its parameters, as `parseModel` gives them
 * @param to a name of `exportFormats`
 * @returns the files, the main one first; none is written to a disk
 * @throws InputError if there is no such format, it doesn't know an option, or can't express a layer of the network
 */
export async function exportModel(
  saved: SavedModel,
  to: string,
  options: ExportOptions = {},
): Promise<readonly ExportedFile[]> {
  if (!Object.hasOwn(exportFormats, to)) {
    throw new InputError(
      `exportModel: there is no format ${JSON.stringify(to)}${hint(to, Object.keys(exportFormats))}; there are ${Object.keys(exportFormats).join(", ")}.`,
    );
  }
  const format: ExportFormat = exportFormats[to];
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(checks, option)) {
      throw new InputError(
        `exportModel: unknown option ${JSON.stringify(option)}${hint(option, Object.keys(checks))}; known are ${Object.keys(checks).join(", ")}.`,
      );
    }
    const wanted = checks[option as keyof ExportOptions](value);
    if (wanted !== undefined) {
      throw new InputError(`exportModel: ${option} must be ${wanted}, not ${JSON.stringify(value)}.`);
    }
    if (option !== "name" && !format.options.includes(option as never)) {
      throw new InputError(`exportModel: the format ${to} has no option "${option}"${known(format)}.`);
    }
  }
  checkParameters(saved.model, saved.parameters);
  return format.write(saved, {
    name: "model",
    weights: "f32",
    softmax: false,
    pixels: false,
    ...defined(options),
  });
}

function known({ options }: ExportFormat): string {
  return options.length === 0 ? "; it has none" : `; it has ${options.join(", ")}`;
}

function hint(text: string, names: readonly string[]): string {
  const name = nearest(String(text), names);
  return name === undefined ? "" : ` (did you mean ${JSON.stringify(name)}?)`;
}

function defined(options: ExportOptions): ExportOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
