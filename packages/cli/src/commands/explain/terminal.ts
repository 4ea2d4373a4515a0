import {
  type Cell,
  cellAddress,
  classesSaid,
  classesShown,
  counted,
  type Explanation,
  explain,
  fixed,
  followedCells,
  formatFor,
  formatThatAdds,
  largestInRows,
  linesThatAdd,
  listed,
  type Model,
  type ModelLayer,
  outcomeOf,
  percent,
  powerOf,
  type ReportSubject,
  type Sum,
  sumInShort,
  type Trace,
  takenBy,
  takersOf,
  type Way,
} from "unravel-cnn";
import { probabilityBars } from "../../terminal/bars.js";
import { significant } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { table } from "../../terminal/table.js";
import { WIDTH, wrapped } from "../../terminal/text.js";
import { pictures } from "./pictures.js";

export interface TerminalLook {
  readonly styles: Styles;
  readonly coloured: boolean;
}

/** How many terms of a sum are shown. */
const MOST_TERMS = 4;

/**
 * A short version of the report, as lines of at most 80 characters: pictures, a worked sum for each layer, probabilities and
 * loss, the same backward, the update.
 */
export function terminalReport(subject: ReportSubject, look: TerminalLook): string[] {
  const { trace, imageName, modelName, trained } = subject;
  const { bold } = look.styles;
  const followed = followedCells(trace);
  const { model } = trace;
  return [
    bold(`${imageName} through ${modelName}, and back`),
    ...(trained ? [] : ["The network is untrained: its weights are random, so its answer is a guess."]),
    "",
    ...pictures(trace, followed, look),
    "",
    "One number of each layer is followed: it spoke most for the answer.",
    "",
    bold("Forward"),
    ...model.layers.flatMap((layer) => [
      ...heading(layer.name, describe(layer), look),
      ...placeOf(trace, layer),
      ...account(explain(trace, followed[layer.output]), look),
    ]),
    "",
    ...answer(subject, look),
    "",
    bold("Backward"),
    ...backward(trace, followed, look),
    "",
    bold(`Update, learning rate ${trace.learningRate}`),
    "",
    ...update(trace, followed),
  ];
}

/** A layer's name, and what is told of it in the lines that follow. */
function heading(name: string, what: string, { styles }: TerminalLook): string[] {
  const line = `${name}  ${what}`;
  return line.length <= WIDTH
    ? ["", `${styles.bold(name)}  ${styles.dim(what)}`]
    : ["", styles.bold(name), ...wrapped(`  ${what}`).map((line) => styles.dim(line))];
}

/** `conv 3x3 (8 filters), 1x28x28 -> 8x26x26, 48,672 multiply-adds` */
function describe({
  kind,
  resolved,
  inputShape,
  outputShape,
  multiplyAdds: { forward },
}: ModelLayer): string {
  const { inputShapes = [inputShape] } = resolved;
  const ins = inputShapes.map((shape) => shape.join("x"));
  const shapes = `${new Set(ins).size > 1 ? ins.join(" and ") : ins[0]} -> ${outputShape.join("x")}`;
  return [
    kind.words(resolved).short,
    shapes,
    ...(forward === 0 ? [] : [counted(forward, "multiply-add")]),
  ].join(", ");
}

/** Where the layer stands in the network, if it isn't simply between its neighbours. */
function placeOf({ model }: Trace, layer: ModelLayer): string[] {
  const [taken, takers] = [takenBy(model, layer), takersOf(model, layer.output)];
  return [
    ...(taken ? wrapped(`  It takes ${listed(taken).join("")}.`) : []),
    ...(takers ? wrapped(`  It goes into ${listed(takers).join("")}.`) : []),
  ];
}

/** How a cell came to its value: its sum, or one sentence. */
function account(explanation: Told, { styles }: TerminalLook): string[] {
  const { rule, terms, value, says, ways, cell } = explanation;
  const name = `${explanation.isPart ? "part of " : ""}${cellAddress(cell)}`;
  if (ways) return sumLines(sumOfWays(cell, value, ways), styles);
  if (rule === "sum" || rule === "function" || rule === "normalise") {
    const { format, lines } = sumInShort(explanation, MOST_TERMS);
    return sumLines({ lines, totalName: name, total: value, format }, styles);
  }
  const { decimals, exponent } = formatFor([value]);
  const numbers =
    rule === "difference"
      ? terms
          .map((term) => ascii(fixed(term.value, { decimals: decimals - exponent, exponent: 0 })))
          .join(" - ")
          .replace("- -", "- ")
      : terms.flatMap(({ factors: [{ cell }] }) => (cell ? [cellAddress(cell)] : [])).join("");
  const made = `  ${name} =${numbers && ` ${numbers} =`}`;
  const fits = `${made} ${significant(value)}`.length <= WIDTH;
  return [
    ...wrapped(`  ${says}`),
    ...(fits ? [`${made} ${styles.bold(significant(value))}`] : wrapped(`${made} ${significant(value)}`)),
  ];
}

/** What comes back from several layers, added. */
function sumOfWays(cell: Cell, total: number, ways: readonly Way[]): Sum {
  const lines = ways.map(({ layer, input, sum }) => ({
    name: `from ${layer}${ways.filter((way) => way.layer === layer).length > 1 ? `, input ${input + 1}` : ""}`,
    value: sum,
  }));
  return {
    lines,
    totalName: cellAddress(cell),
    total,
    format: formatThatAdds(
      ways.map(({ sum }) => sum),
      total,
    ),
  };
}

function sumLines(sum: Sum, styles: Styles): string[] {
  const { totalName, total, format } = sum;
  const power = powerOf(format);
  const rows = linesThatAdd(sum).map(({ name, cell, made, value }) => [
    `  ${[name, cell && cellAddress(cell)].filter(Boolean).join(" ")}`,
    ascii(made ?? ""),
    ascii(fixed(value, format)),
  ]);
  rows.push([`  ${totalName}`, power && `all ${power}`, ascii(fixed(total, format))]);
  const lines = table(rows, [false, true, true]);
  return [...lines.slice(0, -1), styles.bold(lines[lines.length - 1])];
}

/** With the signs of the keyboard, as all output of the command line has them. */
function ascii(text: string): string {
  return text.replaceAll("−", "-").replaceAll(" × ", " x ");
}

/** Probabilities and loss. */
function answer({ trace, labelKnown }: ReportSubject, { styles }: TerminalLook): string[] {
  const { model, tensors, labels, loss } = trace;
  const probabilities = Array.from(tensors.probs.data);
  const [index] = largestInRows(tensors.probs);
  const { classes } = model;
  const prediction = { index, class: classes[index], probability: probabilities[index], probabilities };
  const said = classesSaid(model.loss, tensors[model.output], 0);
  const right = classesShown(labels, tensors.probs.shape, 0);
  const isScore = model.loss.words.probabilities === "scores";
  const sum = lossSums[model.loss.type](
    model,
    right.map((k) => probabilities[k]),
  );
  return [
    styles.bold(isScore ? "Scores" : "Probabilities"),
    "",
    ...probabilityBars(prediction, classes, WIDTH, styles),
    "",
    `It says ${namesOf(model, said)}${said.length === 1 ? `, ${isScore ? `with a score of ${significant(probabilities[index])}` : percent(probabilities[index])}` : ""}.${labelKnown ? ` Right is ${namesOf(model, right)}.` : " Nobody said what is right, so that is taken for right."}`,
    `Loss = ${sum} = ${styles.bold(significant(loss))}`,
  ];
}

/** Classes by their names. */
const namesOf = ({ classes }: Model, shown: readonly number[]): string =>
  shown.length === 0 ? "none of the classes" : listed(shown.map((k) => classes[k])).join("");

/** What the loss of one image is made of, by the type of the loss and the probabilities of the classes that are right. */
const lossSums: Readonly<Record<string, (model: Model, probabilities: readonly number[]) => string>> = {
  softmaxCrossEntropy: ({ loss }, [probability]) => lossSum(loss.labelSmoothing, probability),
  meanSquaredError: ({ classes }) => `the mean of (score - y)^2 over ${classes.length} classes`,
  binaryCrossEntropy: ({ classes }, probabilities) => {
    const shown = probabilities.map((p) => `-ln ${significant(p)}`).join(", ");
    const right =
      probabilities.length === 1 ? `${shown} for the right one` : `${shown} for those that are right`;
    const asked = probabilities.length === 0 ? "-ln(1 - p)" : `${right}, -ln(1 - p) for the others`;
    return `the mean over ${classes.length} classes of ${asked}`;
  },
};

function lossSum(labelSmoothing: number, probability: number): string {
  const own = `-ln ${significant(probability)}`;
  if (labelSmoothing === 0) return own;
  return `${significant(1 - labelSmoothing)} x ${own} + ${significant(labelSmoothing)} x the mean of -ln of all`;
}

/** The gradient of each layer's followed output, and of its weight, with one worked sum each. */
function backward(trace: Trace, followed: Record<string, Cell>, look: TerminalLook): string[] {
  const { model } = trace;
  const gradient = (name: string) => explain(trace, { tensor: `grad.${name}`, index: followed[name].index });
  const part = (name: string, what: string, explanation: Told) => [
    ...heading(name, what, look),
    ...account(explanation, look),
  ];
  const added = (name: string, tensor: string) =>
    takersOf(model, tensor) ? part(name, "what comes back is added", gradient(tensor)) : [];
  return [
    ...part(
      "loss",
      model.loss.labelSmoothing > 0 ? "p - the smoothed y for each class" : "p - y for each class",
      gradient(model.output),
    ),
    ...[...model.layers]
      .reverse()
      .flatMap(({ name, inputs, output, parameters: [first] }) => [
        ...added(name, output),
        ...(first ? part(name, `its ${first.name}`, gradient(first.fullName)) : []),
        ...[...new Set(inputs)].flatMap((tensor) =>
          waysThrough(gradient(tensor), name).flatMap((way) => part(name, `what came in, ${tensor}`, way)),
        ),
      ]),
    ...added("x", "x"),
  ];
}

/** An explanation, or that of the part of a gradient that comes back on one of several ways. */
interface Told extends Explanation {
  readonly isPart?: true;
}

/** How a gradient comes back through one of the layers that took the tensor: all of it, where that is the only one. */
function waysThrough(explanation: Explanation, layer: string): Told[] {
  const { ways, ...rest } = explanation;
  if (ways === undefined) return [explanation];
  return ways
    .filter((way) => way.layer === layer)
    .map((way) => ({ ...rest, ...way, value: way.sum, isPart: true }));
}

/** One weight of each layer before and after, and what it did to the loss. */
function update(trace: Trace, followed: Record<string, Cell>): string[] {
  const { loss, promised } = outcomeOf(trace);
  const rows = trace.model.parameters.map(({ fullName }) => {
    const cell = { tensor: `new.${fullName}`, index: followed[fullName].index };
    const { terms, value } = explain(trace, cell);
    const [before, step] = terms.map((term) => term.value);
    const format = formatThatAdds([before, step], value);
    const numbers = [before, step, value].map((number) => ascii(fixed(number, format)));
    return [cellAddress(followed[fullName]), ...numbers];
  });
  return [
    ...table([["parameter", "before", "step", "after"], ...rows], [false, true, true, true]),
    "",
    ...wrapped(
      `Loss ${significant(loss.before)} before, ${significant(loss.after)} after: ${significant(loss.after - loss.before)}; the slopes promised ${significant(promised)}.`,
    ),
  ];
}
