import { existsSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { type Command, Option } from "commander";
import { InputError, wrapWords } from "unravel-cnn";
import { type ExportOptions, exportFormats, exportModel, type WeightKind } from "unravel-files";
import { interruptible } from "../exit.js";
import { accuracyLine, type Measured, measureExport } from "../exportAccuracy.js";
import { DATA_HELP, MODEL_HELP, OFFLINE_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION } from "../model.js";
import { oneOf, seedOption } from "../options.js";
import type { FileKind } from "../output/kinds.js";
import { checkOutput, writeOutput } from "../output/write.js";
import { printJson, printLines } from "../terminal/output.js";
import { Progress } from "../terminal/progress.js";
import { WIDTH } from "../terminal/text.js";

interface ExportCommandOptions extends Omit<ExportOptions, "name" | "accuracy"> {
  to?: string;
  out?: string;
  weights?: WeightKind;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  seed: number;
  data?: string;
  offline?: boolean;
  json?: boolean;
  quiet?: boolean;
}

const NAMES = Object.keys(exportFormats);

export function defineExport(command: Command): void {
  const kinds = NAMES.flatMap((name) =>
    wrapWords(`${name}: ${exportFormats[name].what}`, WIDTH - 2).map((line) => `  ${line}`),
  );
  command
    .description("Writes a network for other programs, or as a program of its own.")
    .argument("<model>", MODEL_HELP)
    .addOption(
      new Option("--to <format>", `${NAMES.join(", ")} (default: as --out ends)`).argParser(
        oneOf("--to", NAMES),
      ),
    )
    .option("--out <file>", "where to write it (default: the model's name with the format's ending)")
    .addOption(
      new Option(
        "--weights <kind>",
        "js, html, tfjs: how weights are kept, f32, f16 or int8 (default: f32)",
      ).argParser(oneOf<WeightKind>("--weights", ["f32", "f16", "int8"])),
    )
    .option("--data <data>", `js, html: measure the accuracy on its test set: ${DATA_HELP}`)
    .option("--offline", OFFLINE_HELP)
    .option("--softmax", "onnx, tfjs: end in probabilities, not in scores")
    .option("--pixels", "onnx, tfjs: take bytes from 0 to 255; scale and normalise inside")
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0)
    .option("--json", "print the files' names and sizes as JSON")
    .option("--quiet", "no remarks")
    .addHelpText(
      "after",
      `
Formats:
${kinds.join("\n")}

Examples:
  unravel export model.safetensors --to onnx
  unravel export model.safetensors --to tfjs --out web/model.json
  unravel export model.safetensors --out web/digits.js --weights f16`,
    )
    .action(async (name: string, options: ExportCommandOptions) => {
      await interruptible((signal) => run(name, options, signal));
    });
}

async function run(name: string, options: ExportCommandOptions, signal: AbortSignal): Promise<void> {
  const to = options.to ?? formatOfEnding(options.out);
  const { ending, what, isOurs, options: known } = exportFormats[to];
  if (options.data !== undefined && !known.includes("accuracy"))
    throw new InputError(`--data goes with ${NAMES.filter(takesAccuracy).join(", ")}, not with ${to}.`);
  if (options.offline && options.data === undefined)
    throw new InputError("--offline goes with --data, which names what to measure the accuracy on.");
  const out = options.out ?? `${basename(name, extname(name))}${ending}`;
  if (!out.toLowerCase().endsWith(ending)) {
    throw new InputError(`--out must be a file name that ends in ${ending} for ${to}, not "${out}".`);
  }
  const kind: FileKind = { ending, what, isOurs };
  await checkOutput(out, kind);
  const replaces = existsSync(out);
  const say = (line: string) => {
    if (!options.quiet) printLines([line], process.stderr);
  };
  const { model, parameters, title, trained } = await loadModel({ ...options, model: name, say });
  if (!trained) say(`${title} is untrained: its weights are fresh from seed ${options.seed}.`);
  const { weights, softmax, pixels } = options;
  const exporting = (accuracy?: Measured["after"]) =>
    exportModel({ model, parameters }, to, {
      name: basename(out).slice(0, -ending.length),
      ...defined({ weights, softmax, pixels, accuracy }),
    });
  // what can't be exported is told before anything is measured
  const unmeasured = await exporting();
  const progress = new Progress(process.stderr, options.quiet === true);
  const measured =
    options.data === undefined
      ? undefined
      : await measureExport({ model, parameters }, weights ?? "f32", options.data, options, progress, signal);
  const files = measured ? await exporting(measured.after) : unmeasured;
  const written = files.map((file) => ({ path: join(dirname(out), file.name), bytes: file.bytes }));
  const [main, ...beside] = written;
  // what lies beside the main file is replaced with it, and never without it
  const besideKind: FileKind = replaces ? { ...kind, isOurs: () => true } : kind;
  for (const { path, bytes } of beside) await checkOutput(path, besideKind, bytes.length);
  for (const { path, bytes } of beside) await writeOutput(path, besideKind, bytes);
  await writeOutput(main.path, kind, main.bytes);
  const sizes = written.map(({ path, bytes }) => ({ file: path, bytes: bytes.length }));
  if (options.json) {
    printJson({
      model: name,
      to,
      files: sizes,
      ...(known.includes("accuracy") && { weights: weights ?? "f32", accuracy: measured ?? null }),
    });
    return;
  }
  printLines(sizes.map(({ file, bytes }) => `Wrote ${file} (${bytes.toLocaleString("en-US")} bytes)`));
  if (measured) printLines([accuracyLine(measured)]);
  else if (known.includes("accuracy") && weights !== undefined && weights !== "f32")
    printLines(["Accuracy lost: not measured; --data names what to measure it on."]);
}

const takesAccuracy = (name: string) => exportFormats[name].options.includes("accuracy");

/** The one format whose files end like this. @throws InputError if none or several do */
function formatOfEnding(out: string | undefined): string {
  const fitting = NAMES.filter((name) => out?.toLowerCase().endsWith(exportFormats[name].ending));
  if (fitting.length === 1) return fitting[0];
  const choice = fitting.length > 1 ? fitting : NAMES;
  throw new InputError(`Say what to write it for: --to ${choice.join(", ")}.`);
}

function defined<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
