import type { Command } from "commander";
import { countOf, createEngine, evaluate } from "unravel-cnn";
import { loadData } from "../data.js";
import { addEngineOptions, type EngineChoice, engineOptions } from "../engine.js";
import { interruptible } from "../exit.js";
import { DATA_HELP, MODEL_HELP, OFFLINE_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION } from "../model.js";
import { seedOption } from "../options.js";
import { formatConfusion } from "../terminal/confusion.js";
import { headline } from "../terminal/evaluation.js";
import { printJson, printLines } from "../terminal/output.js";
import { Progress } from "../terminal/progress.js";
import { stylesFor } from "../terminal/style.js";

interface EvaluateOptions extends EngineChoice {
  data: string;
  offline?: boolean;
  spec?: string;
  filters?: number;
  width?: number;
  depth?: number;
  seed: number;
  json?: boolean;
  quiet?: boolean;
}

export function defineEvaluate(command: Command): void {
  command
    .description("Measures a network on the test set: accuracy, loss and confusion matrix.")
    .argument("<model>", MODEL_HELP)
    .option("--data <data>", DATA_HELP, "auto")
    .option("--offline", OFFLINE_HELP)
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0);
  addEngineOptions(command)
    .option("--json", "print the results as JSON")
    .option("--quiet", "no progress, the accuracy only")
    .addHelpText(
      "after",
      `
Examples:
  unravel evaluate model.safetensors
  unravel evaluate model.safetensors --data fashion-mnist
  unravel evaluate one-conv   fresh weights: as good as guessing`,
    )
    .action(async (model: string, options: EvaluateOptions) => {
      await interruptible((signal) => run(model, options, signal));
    });
}

async function run(name: string, options: EvaluateOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(process.stderr, options.quiet === true);
  const { test, source } = await loadData({ ...options, limit: 0 }, "testing on", progress, signal);
  const { model, parameters, title, trained, remark } = await loadModel({ ...options, model: name }, test);
  if (remark !== null) progress.say(remark);
  if (!trained) progress.say(`${title} is untrained: its weights are fresh from seed ${options.seed}.`);
  const engine = await createEngine(model.spec, { ...engineOptions(options), parameters });
  try {
    const result = await evaluate(engine, test, {
      signal,
      onProgress: (images) => progress.show({ title: "Testing", share: images / countOf(test), details: [] }),
    });
    progress.clear();
    if (options.json) {
      const summary = {
        model: name,
        trained,
        data: source,
        images: countOf(test),
        engine: engine.name,
        ...result,
      };
      printJson(summary);
    } else {
      const styles = stylesFor(process.stdout);
      const matrix = options.quiet ? [] : [...formatConfusion(result.confusion, model.classes, styles), ""];
      printLines([...matrix, headline(result, test, styles)]);
    }
  } finally {
    progress.clear();
    await engine.close();
  }
}
