import { basename, dirname, extname, join } from "node:path";
import type { Command } from "commander";
import { counted, formatModel, wrapWords } from "unravel-cnn";
import { readBytes } from "unravel-cnn/node";
import { importFormats, importModel } from "unravel-files";
import { readSpec } from "../model.js";
import { MODEL_FILE } from "../output/kinds.js";
import { outputFile } from "../output/names.js";
import { checkOutput, writeOutput } from "../output/write.js";
import { printJson, printLines } from "../terminal/output.js";
import { table } from "../terminal/table.js";
import { WIDTH, wrapped } from "../terminal/text.js";

interface ImportCommandOptions {
  out?: string;
  spec?: string;
  json?: boolean;
  quiet?: boolean;
}

export function defineImport(command: Command): void {
  const kinds = Object.values(importFormats).flatMap(({ what, endings }) =>
    wrapWords(`${what} (${endings.join(", ")})`, WIDTH - 2).map((line) => `  ${line}`),
  );
  command
    .description("Makes a model file of a network that another program wrote. It can be trained further.")
    .argument("<file>", "the network, in one of the formats below")
    .option(
      "--out <file>",
      "where to write the model (default: FILE.imported.safetensors)",
      outputFile("--out", MODEL_FILE),
    )
    .option("--spec <file>", "the network, a spec .json, where FILE holds only weights")
    .option("--json", "print what came from where as JSON")
    .option("--quiet", "the last line only: no table, no remarks")
    .addHelpText(
      "after",
      `
Formats:
${kinds.join("\n")}

Examples:
  unravel import net.onnx
  unravel import net.onnx --out net.safetensors
  unravel import net.keras --out net.safetensors
  unravel import weights.safetensors --spec net.json --out net.safetensors`,
    )
    .action(run);
}

async function run(file: string, options: ImportCommandOptions): Promise<void> {
  const out = options.out ?? `${basename(file, extname(file))}.imported.safetensors`;
  await checkOutput(out, MODEL_FILE);
  const spec = options.spec === undefined ? undefined : await readSpec(options.spec);
  const imported = await importModel(
    { name: file, bytes: await readBytes(file) },
    { ...(spec && { spec }), beside: (name) => readBytes(join(dirname(file), basename(name))) },
  );
  await writeOutput(out, MODEL_FILE, formatModel(imported));
  const { model, table: origins, remarks } = imported;
  if (options.json) {
    printJson({ file, out, parameters: model.parameterCount, spec: model.spec, from: origins, remarks });
    return;
  }
  if (!options.quiet) {
    const rows = origins.map(({ to, from, how }) => [to, from, how]);
    printLines([...table([["here", "there", "how"], ...rows], [false, false, false]), ""]);
    printLines(remarks.flatMap(wrapped), process.stderr);
  }
  printLines([
    `Wrote ${out}: ${counted(model.layers.length, "layer")}, ${counted(model.parameterCount, "parameter")}`,
  ]);
}
