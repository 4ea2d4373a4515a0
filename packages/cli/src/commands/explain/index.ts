import type { Command } from "commander";
import {
  checkTrace,
  formatTraceJson,
  formatTraceNpz,
  InputError,
  type ReportSubject,
  renderReport,
  traceImage,
} from "unravel-cnn";
import { interruptible } from "../../exit.js";
import { DATA_HELP, MODEL_HELP, OFFLINE_HELP } from "../../help.js";
import { SIZE_OPTIONS, SPEC_OPTION } from "../../model.js";
import { realNumber, seedOption, wholeNumber } from "../../options.js";
import { ARRAYS_FILE, type FileKind, REPORT_FILE, TRACE_FILE } from "../../output/kinds.js";
import { kindOf, outputFile } from "../../output/names.js";
import { checkOutput, writeOutput } from "../../output/write.js";
import { megabytes } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";
import { hasColours, stylesFor } from "../../terminal/style.js";
import { loadSubject, type SubjectChoice } from "./subject.js";
import { summaryOf } from "./summary.js";
import { terminalReport } from "./terminal.js";

interface ExplainOptions extends Omit<SubjectChoice, "model" | "image"> {
  readonly out?: string;
  readonly terminal?: boolean;
  readonly trace?: string;
  readonly learningRate: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function defineExplain(command: Command): void {
  command
    .description(
      "Takes one picture through a network and back and shows every step with its numbers: as a page (--out), in the terminal (--terminal), or as the numbers themselves (--trace).",
    )
    .argument("<model>", MODEL_HELP)
    .argument("[image]", "a picture: PNG, JPEG, WebP or GIF; - is standard input")
    .option("--index <n>", "instead: this image of the test set", wholeNumber("--index", 0))
    .option(
      "--label <class>",
      "the right answer, a class or its number; for a network that takes several at once also \"cat|dog\" or none (default: the test set's; for a picture, the network's own answer)",
    )
    .option(
      "--out <file>",
      "write the page to FILE.html: one file that needs no other",
      outputFile("--out", REPORT_FILE),
    )
    .option("--terminal", "print a short version (default where no file is written)")
    .option(
      "--trace <file>",
      "write every number to FILE.npz, for NumPy, or FILE.json",
      outputFile("--trace", ARRAYS_FILE, TRACE_FILE),
    )
    .option(
      "--learning-rate <rate>",
      "how large a step the update takes",
      realNumber("--learning-rate", "above 0", (value) => value > 0),
      0.01,
    )
    .option("--data <data>", DATA_HELP, "auto")
    .option("--offline", OFFLINE_HELP)
    .option("--raw", "the picture is just what the model takes: its size, light ink on black for MNIST")
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0)
    .option("--json", "print answer, loss and files as JSON")
    .option("--quiet", "no progress, no remarks")
    .addHelpText(
      "after",
      `
Examples:
  unravel explain model.safetensors seven.png --out report.html
  unravel explain model.safetensors --index 7
  unravel explain lenet5 --index 0 --label 3 --trace trace.npz`,
    )
    .action(async (model: string, image: string | undefined, options: ExplainOptions) => {
      await interruptible((signal) => run({ ...options, model, image }, options, signal));
    });
}

async function run(choice: SubjectChoice, options: ExplainOptions, signal: AbortSignal): Promise<void> {
  const { out, trace: traceFile, learningRate, json, quiet } = options;
  if (json && options.terminal) {
    throw new InputError("--json and --terminal both print to standard output; give one of them.");
  }
  const files: OutputFile[] = [];
  if (out !== undefined) {
    const format = (subject: ReportSubject) => new TextEncoder().encode(renderReport(subject));
    files.push({ path: out, kind: REPORT_FILE, format });
  }
  if (traceFile !== undefined) files.push(traceOutput(traceFile));
  for (const { path, kind } of files) await checkOutput(path, kind);

  const progress = new Progress(process.stderr, quiet === true);
  const { bytes, label, ...subject } = await loadSubject(choice, progress, signal);
  if (label === undefined) {
    progress.say(
      "Nobody said what the picture shows: the network's own answer is taken for right; --label names another.",
    );
  }
  signal.throwIfAborted();
  const trace = traceImage(subject, bytes, { label, learningRate });
  checkTrace(trace);
  const about = { ...subject, trace, labelKnown: label !== undefined };

  const ready = files.map((file) => ({ ...file, content: file.format(about) }));
  signal.throwIfAborted(); // from here on all are written
  for (const { path, kind, content } of ready) await writeOutput(path, kind, content);
  const written = ready.map(({ path, content }) => `${path}: ${megabytes(content.length)}`);

  if (json) printJson({ ...summaryOf(about), out, trace: traceFile });
  else if (options.terminal || written.length === 0) {
    const look = { styles: stylesFor(process.stdout), coloured: hasColours(process.stdout) };
    printLines([...terminalReport(about, look), ...written]);
  } else printLines(written);
}

interface OutputFile {
  readonly path: string;
  readonly kind: FileKind;
  readonly format: (subject: ReportSubject) => Uint8Array;
}

/** How the trace is written, by the file's name. */
function traceOutput(path: string): OutputFile {
  if (kindOf(path, [ARRAYS_FILE])) {
    return { path, kind: ARRAYS_FILE, format: ({ trace }) => formatTraceNpz(trace) };
  }
  const format = ({ trace }: ReportSubject) => new TextEncoder().encode(formatTraceJson(trace));
  return { path, kind: TRACE_FILE, format };
}
