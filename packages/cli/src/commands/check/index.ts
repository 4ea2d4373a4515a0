import type { Command } from "commander";
import { type CheckReport, checkArrays, checkAsJson, FailureError, InputError, parseNpz } from "unravel-cnn";
import { readBytes } from "unravel-cnn/node";
import { interruptible } from "../../exit.js";
import { MODEL_HELP } from "../../help.js";
import { inFile, loadModel, SPEC_OPTION } from "../../model.js";
import { ARRAYS_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { printJson, printLines } from "../../terminal/output.js";
import { stylesFor } from "../../terminal/style.js";
import { exampleFile } from "./example.js";
import { HOW } from "./how.js";
import { asLines } from "./report.js";

interface CheckOptions {
  model?: string;
  spec?: string;
  filters?: number;
  how?: boolean;
  example?: string;
  json?: boolean;
}

export function defineCheck(command: Command): void {
  command
    .description(
      "Reads the arrays of one step of your own implementation (NumPy's .npz), says which are right, which is the first that is not, given your own earlier values, and which mistake explains it. Exit code 1: a mistake was found.",
    )
    .argument("[file]", "your arrays, as np.savez writes them")
    .option("--model <model>", `the network: ${MODEL_HELP} (default: worked out from the shapes)`)
    .addOption(SPEC_OPTION)
    .option("--how", "print the Python that saves such a file")
    .option("--example <file>", "write a correct one to FILE.npz", outputFile("--example", ARRAYS_FILE))
    .option("--json", "print the results as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel check --how
  unravel check --example right.npz
  unravel check mine.npz
  unravel check mine.npz --model lenet5 --json`,
    )
    .action(async (file: string | undefined, options: CheckOptions) => {
      if (options.how) {
        printLines(HOW.trimEnd().split("\n"));
        return;
      }
      const { example } = options;
      if (example !== undefined) await interruptible((signal) => writeExample(example, signal));
      if (file !== undefined) await check(file, options);
      else if (example === undefined) {
        throw new InputError("There is no file to check; name one, or see unravel check --how.");
      }
    });
}

/** Writes the file as a whole or not at all: once writing has begun, a signal no longer ends it. */
async function writeExample(path: string, signal: AbortSignal): Promise<void> {
  await checkOutput(path, ARRAYS_FILE);
  const content = exampleFile();
  signal.throwIfAborted();
  await writeOutput(path, ARRAYS_FILE, content);
  printLines([`Wrote ${path}`], process.stderr);
}

async function check(file: string, { model, spec: specFile, json }: CheckOptions): Promise<void> {
  const arrays = parseNpz(await readBytes(file), file);
  if (model === undefined && specFile !== undefined)
    throw new InputError(
      "--spec goes with a --model that is a .safetensors of weights alone; give the spec itself as --model.",
    );
  const spec =
    model === undefined ? undefined : (await loadModel({ model, spec: specFile, seed: 0 })).model.spec;
  const report = inFile(file, () => checkArrays(arrays, { model: spec }));
  if (json) printJson(checkAsJson(report));
  else printLines(asLines(file, report, stylesFor(process.stdout)));
  failIfWrong(report);
}

/** @throws FailureError that names the first array that is wrong */
function failIfWrong({ agrees, first, mistakes, problem }: CheckReport): void {
  if (agrees) return;
  if (first === null && problem !== null) throw new FailureError(problem);
  const [mistake] = mistakes;
  throw new FailureError(
    mistake && mistake.name !== "unknown"
      ? `${first} is wrong, which ${mistake.name} explains.`
      : `${first} is wrong.`,
  );
}
