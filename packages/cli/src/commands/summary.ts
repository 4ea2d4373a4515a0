import type { Command } from "commander";
import {
  type BuiltInSizes,
  type LayerSpec,
  listed,
  type Model,
  type ModelLayer,
  type Shape,
  sizeOf,
  takenBy,
} from "unravel-cnn";
import { MODEL_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS } from "../model.js";
import { counted, whole } from "../terminal/numbers.js";
import { printJson, printLines } from "../terminal/output.js";
import { stylesFor } from "../terminal/style.js";
import { table } from "../terminal/table.js";
import { shortened, wrapped } from "../terminal/text.js";

export function defineSummary(command: Command): void {
  command
    .description(
      "Shows a network's layers: what they give, what they learn, and how many multiply-adds they take for one image, forward and for a training step (forward and backward).",
    )
    .argument("[model]", MODEL_HELP, "one-conv")
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--json", "print the summary, with the full spec, as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel summary one-conv --filters 32
  unravel summary lenet5 --json
  unravel summary model.safetensors`,
    )
    .action(async (name: string, options: BuiltInSizes & { json?: boolean }) => {
      const { title, model } = await loadModel({ ...options, model: name, seed: 0 });
      if (options.json) printJson(asJson(name, model));
      else printLines(asLines(title, model));
    });
}

function asJson(name: string, model: Model) {
  return {
    model: name,
    input: model.inputShape,
    layers: model.layers.map((layer) => ({
      name: layer.name,
      type: layer.spec.type,
      inputs: layer.inputs,
      output: layer.outputShape,
      parameters: parameterCount(layer),
      ...(layer.state.length > 0 && { state: count(layer.state) }),
      multiplyAdds: layer.multiplyAdds,
    })),
    parameters: model.parameterCount,
    ...(model.state.length > 0 && { state: count(model.state) }),
    multiplyAdds: model.multiplyAdds,
    classes: model.classes,
    spec: model.spec,
  };
}

function asLines(title: string, model: Model): string[] {
  const styles = stylesFor(process.stdout);
  const rows = [
    ["layer", "what it does", "output", "parameters", "forward", "training step"],
    ["input", "", model.inputShape.join("x"), "", "", ""],
    ...model.layers.flatMap((layer) => {
      const [first, ...more] = describe(model, layer);
      const row = [
        layer.name,
        first,
        layer.outputShape.join("x"),
        orNothing(parameterCount(layer)),
        orNothing(layer.multiplyAdds.forward),
        orNothing(layer.multiplyAdds.trainingStep),
      ];
      return [row, ...more.map((rest) => ["", rest])];
    }),
    [
      "all",
      "",
      "",
      whole(model.parameterCount),
      whole(model.multiplyAdds.forward),
      whole(model.multiplyAdds.trainingStep),
    ],
  ];
  const [header, ...lines] = table(rows, [false, false, true, true, true, true]);
  const unit = "multiply-adds per image".padStart(header.length);
  return [
    styles.bold(title),
    styles.dim(unit),
    styles.dim(header),
    ...lines.slice(0, -1),
    styles.bold(lines[lines.length - 1]),
    ...(model.state.length > 0 ? wrapped(besides(model)).map(styles.dim) : []),
  ];
}

/** What layers keep without learning it. */
function besides({ layers, state }: Model): string {
  const keepers = layers.filter(({ state }) => state.length > 0);
  const names = [...new Set(state.map(({ name }) => name))].join(" and ");
  return `Besides, ${listed(keepers.map(({ name }) => name)).join("")} ${keepers.length === 1 ? "keeps" : "keep"} ${counted(count(state), "number")} that ${count(state) === 1 ? "isn't" : "aren't"} learnt: ${names}.`;
}

function parameterCount(layer: ModelLayer): number {
  return count(layer.parameters);
}

function count(tensors: readonly { readonly shape: Shape }[]): number {
  return tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function orNothing(value: number): string {
  return value === 0 ? "" : whole(value);
}

/**
 * `conv2d 3x3`, with the options that differ from the defaults, and what it takes if not what the layer before gives, in
 * lines that leave room for the numbers.
 */
function describe(model: Model, layer: ModelLayer): string[] {
  const { type, name: _, from: __, ...options } = layer.spec as LayerSpec & Record<string, unknown>;
  const size = options.kernel ?? options.size;
  const lines = [size === undefined ? type : `${type} ${asSize(size)}`];
  const say = (words: string) => {
    const line = `${lines[lines.length - 1]} ${words}`;
    if (line.length <= LONGEST_DESCRIPTION) lines[lines.length - 1] = line;
    else lines.push(`  ${words}`);
  };
  for (const [name, value] of Object.entries(options)) {
    if (["kernel", "size", "filters", "units"].includes(name)) continue;
    say(`${name} ${Array.isArray(value) ? value.join(",") : value}`);
  }
  const taken = takenBy(model, layer) ?? [];
  for (const [k, input] of taken.entries()) {
    say(`${k === 0 ? "from " : ""}${shortened(input, LONGEST_INPUT)}${k < taken.length - 1 ? "," : ""}`);
  }
  return lines;
}

/** So long that the summaries of all built-in models fit into 80 columns. */
const LONGEST_DESCRIPTION = 20;

/** So much of an input's name fits there. */
const LONGEST_INPUT = LONGEST_DESCRIPTION - "  from ,".length;

function asSize(size: unknown): string {
  return (Array.isArray(size) ? size : [size, size]).join("x");
}
