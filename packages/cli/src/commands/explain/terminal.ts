import {
  type Cell,
  cellAddress,
  type Explanation,
  explain,
  fixed,
  followedCells,
  formatFor,
  formatThatAdds,
  largestInRows,
  type ModelLayer,
  outcomeOf,
  powerOf,
  type ReportSubject,
  sumInShort,
  type Term,
  type Trace,
} from "unravel-cnn";
import { probabilityBars } from "../../terminal/bars.js";
import { percent, significant, whole } from "../../terminal/numbers.js";
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
  const { bold, dim } = look.styles;
  const followed = followedCells(trace);
  const { layers } = trace.model;
  return [
    bold(`${imageName} through ${modelName}, and back`),
    ...(trained ? [] : ["The network is untrained: its weights are random, so its answer is a guess."]),
    "",
    ...pictures(trace, followed, look),
    "",
    "One number of each layer is followed: it spoke most for the answer.",
    "",
    bold("Forward"),
    ...layers.flatMap((layer) => [
      "",
      `${bold(layer.name)}  ${dim(describe(layer))}`,
      ...account(trace, followed[`${layer.name}.out`], look),
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

/** `1x28x28 -> 8x26x26, 48,672 multiply-adds` */
function describe({ inputShape, outputShape, multiplyAdds: { forward } }: ModelLayer): string {
  const shapes = `${inputShape.join("x")} -> ${outputShape.join("x")}`;
  return forward === 0 ? shapes : `${shapes}, ${whole(forward)} multiply-adds`;
}

/** How a cell came to its value: its sum, or one sentence. */
function account(trace: Trace, cell: Cell, { styles }: TerminalLook): string[] {
  const explanation = explain(trace, cell);
  const { rule, terms, value, says } = explanation;
  if (rule === "sum") return sumLines(explanation, styles);
  const { decimals, exponent } = formatFor([value]);
  const numbers =
    rule === "difference"
      ? terms
          .map((term) => ascii(fixed(term.value, { decimals: decimals - exponent, exponent: 0 })))
          .join(" - ")
          .replace("- -", "- ")
      : terms.flatMap(({ factors: [{ cell }] }) => (cell ? [cellAddress(cell)] : [])).join("");
  return [
    ...wrapped(`  ${says}`),
    `  ${cellAddress(cell)} = ${numbers && `${numbers} = `}${styles.bold(significant(value))}`,
  ];
}

function sumLines(explanation: Explanation, styles: Styles): string[] {
  const { format, shown, rest, bias, rounding } = sumInShort(explanation, MOST_TERMS);
  const line = (name: string, made: string, value: number) => [
    `  ${name}`,
    made,
    ascii(fixed(value, format)),
  ];
  const power = powerOf(format);
  const rows = [
    ...shown.map((term) => line(nameOf(term), productOf(term), term.value)),
    ...(rest.count > 0 ? [line(`${whole(rest.count)} more products`, "", rest.value)] : []),
    ...(bias ? [line("the bias", "", bias.value)] : []),
    ...(rounding !== 0 ? [line("left over by rounding", "", rounding)] : []),
    line(cellAddress(explanation.cell), power && `all ${power}`, explanation.value),
  ];
  const lines = table(rows, [false, true, true]);
  return [...lines.slice(0, -1), styles.bold(lines[lines.length - 1])];
}

/** With the minus sign of the keyboard, as all output of the command line has it. */
function ascii(text: string): string {
  return text.replace("−", "-");
}

/** What the product is with: its last number that has an address. */
function nameOf({ factors }: Term): string {
  const cells = factors.flatMap(({ cell }) => (cell ? [cellAddress(cell)] : []));
  return cells.length > 0 ? cells[cells.length - 1] : (factors[0]?.label ?? "");
}

function productOf({ factors }: Term): string {
  return factors.length < 2 ? "" : factors.map(({ value }) => significant(value)).join(" x ");
}

/** Probabilities and loss. */
function answer({ trace, labelKnown }: ReportSubject, { styles }: TerminalLook): string[] {
  const { model, tensors, labels, loss } = trace;
  const probabilities = Array.from(tensors.probs.data);
  const [index] = largestInRows(tensors.probs);
  const { classes } = model;
  const prediction = { index, class: classes[index], probability: probabilities[index], probabilities };
  const right = classes[labels[0]];
  return [
    styles.bold("Probabilities"),
    "",
    ...probabilityBars(prediction, classes, WIDTH, styles),
    "",
    `It says ${classes[index]}, ${percent(probabilities[index])}.${labelKnown ? ` Right is ${right}.` : " Nobody said what is right, so that is taken for right."}`,
    `Loss = -ln ${significant(probabilities[labels[0]])} = ${styles.bold(significant(loss))}`,
  ];
}

/** The gradient of each layer's followed output, and of its weight, with one worked sum each. */
function backward(trace: Trace, followed: Record<string, Cell>, look: TerminalLook): string[] {
  const inputs = ["x", ...trace.model.layers.map(({ name }) => `${name}.out`)];
  const gradient = (name: string): Cell => ({ tensor: `grad.${name}`, index: followed[name].index });
  const parts: string[][] = [
    [
      "",
      `${look.styles.bold("loss")}  ${look.styles.dim("p - y for each class")}`,
      ...account(trace, gradient(inputs[inputs.length - 1]), look),
    ],
  ];
  for (const [k, layer] of [...trace.model.layers.entries()].reverse()) {
    const part = (what: string, cell: Cell) =>
      parts.push([
        "",
        `${look.styles.bold(layer.name)}  ${look.styles.dim(what)}`,
        ...account(trace, cell, look),
      ]);
    const weight = layer.parameters[0];
    if (weight) part("its weight", gradient(weight.fullName));
    part("what came in", gradient(inputs[k]));
  }
  return parts.flat();
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
    `Loss ${significant(loss.before)} before, ${significant(loss.after)} after: ${significant(loss.after - loss.before)}; the slopes promised ${significant(promised)}.`,
  ];
}
