import type { Command } from "commander";
import {
  type BuiltInSizes,
  listed,
  type Model,
  type ModelLayer,
  type Shape,
  sizeOf,
  takenBy,
  wrapWords,
} from "unravel-cnn";
import { MODEL_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION } from "../model.js";
import { counted, whole } from "../terminal/numbers.js";
import { printJson, printLines } from "../terminal/output.js";
import { stylesFor } from "../terminal/style.js";
import { GAP, table } from "../terminal/table.js";
import { shortened, WIDTH, wrapped } from "../terminal/text.js";

export function defineSummary(command: Command): void {
  command
    .description(
      "Shows a network's layers: what they give, what they learn, and how many multiply-adds they take for one image, forward and for a training step (forward and backward).",
    )
    .argument("[model]", MODEL_HELP, "one-conv")
    .addOption(SPEC_OPTION)
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
    .action(async (name: string, options: BuiltInSizes & { spec?: string; json?: boolean }) => {
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
  const head = ["layer", "what it does", "output", "parameters", "forward", "training step"];
  const all = [
    "all",
    "",
    "",
    whole(model.parameterCount),
    whole(model.multiplyAdds.forward),
    whole(model.multiplyAdds.trainingStep),
  ];
  const layers = model.layers.map((layer) => ({
    layer,
    name: layer.name,
    numbers: [
      layer.outputShape.join("x"),
      orNothing(parameterCount(layer)),
      orNothing(layer.multiplyAdds.forward),
      orNothing(layer.multiplyAdds.trainingStep),
    ],
  }));
  const room = roomBeside([head, all, ...layers.map(({ name, numbers }) => [name, "", ...numbers])]);
  const rows = [
    head,
    ["input", "", model.inputShape.join("x"), "", "", ""],
    ...layers.flatMap(({ layer, name, numbers }) => {
      const [first, ...more] = describe(model, layer, room);
      return [[name, first, ...numbers], ...more.map((rest) => ["", rest])];
    }),
    all,
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

/** The columns that the other columns of a table leave for the second. */
function roomBeside(rows: readonly (readonly string[])[]): number {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const others = widths.reduce((sum, width, column) => sum + (column === 1 ? 0 : width + GAP.length), 0);
  return Math.max(NARROWEST_DESCRIPTION, WIDTH - others);
}

/** So many columns are left for what a layer does, however long the names are. */
const NARROWEST_DESCRIPTION = 18;

/**
 * A layer in its own words, `conv 3x3 (8 filters, stride 2)`, and what it takes if not what the layer before gives, in lines
 * of at most `room` columns. They break between options.
 */
function describe(model: Model, layer: ModelLayer, room: number): string[] {
  const options = layer.kind.words(layer.resolved).short.split(/ (?=\()|(?<=,) /);
  const taken = (takenBy(model, layer) ?? []).map((input, k, all) => {
    const name = shortened(input, room - "  from ,".length);
    return `${k === 0 ? "from " : ""}${name}${k < all.length - 1 ? "," : ""}`;
  });
  const parts = [...options, ...taken].flatMap((part) =>
    part.length <= room ? part : wrapWords(part, room - INDENT.length),
  );
  const lines = parts.splice(0, 1);
  for (const part of parts) {
    const line = `${lines[lines.length - 1]} ${part}`;
    if (line.length <= room) lines[lines.length - 1] = line;
    else lines.push(`${INDENT}${part}`);
  }
  return lines;
}

const INDENT = "  ";
