import {
  type CellCheck,
  cellAddress,
  GRADCHECK_TOLERANCE,
  type Gradcheck,
  type TensorCheck,
  type Verdict,
} from "unravel-cnn";
import { counted, significant, whole } from "../../terminal/numbers.js";
import type { Styles } from "../../terminal/style.js";
import { table } from "../../terminal/table.js";
import { wrapped } from "../../terminal/text.js";

/** What was checked, for people and for JSON. */
export interface Checked {
  readonly model: string;
  readonly title: string;
  readonly trained: boolean;
  /** Whose images. */
  readonly data: string;
  readonly images: number;
  readonly seed: number;
}

const WORDS: Readonly<Record<Verdict, string>> = {
  agrees: "right",
  differs: "WRONG",
  "not judged": "on kinks",
};

/** The layers whose own backward pass is wrong. */
export function wrongLayers({ layers }: Gradcheck): string[] {
  return layers.filter(({ verdict }) => verdict === "differs").map(({ layer }) => layer);
}

/** The result with cells as addresses. */
export function asJson({ model, trained, data, images, seed }: Checked, result: Gradcheck) {
  const tensor = ({ kink, worst, ...check }: TensorCheck) => ({
    ...check,
    ...(kink && { kink: { cell: cellAddress(kink.cell), unit: cellAddress(kink.unit) } }),
    ...(worst && { worst: { ...worst, cell: cellAddress(worst.cell) } }),
  });
  return {
    model,
    trained,
    data,
    images,
    seed,
    agrees: result.agrees,
    tensors: result.tensors.map(tensor),
    layers: result.layers.map(({ layer, verdict, tensors }) => ({
      layer,
      verdict,
      tensors: tensors.map(tensor),
    })),
  };
}

/** Two tables and a verdict, within 80 columns. */
export function asLines(of: Checked, result: Gradcheck, styles: Styles): string[] {
  const weights = of.trained ? "" : ` with fresh weights from seed ${of.seed}`;
  return [
    styles.bold(`${of.title}${weights}, on ${counted(of.images, "image")} of ${of.data}`),
    "",
    ...wholeNetwork(result, styles),
    "",
    ...layerByLayer(result, styles),
    ...onKinks(result, styles),
    "",
    ...verdict(result, styles),
  ];
}

/** The gradients of the loss: a line for each tensor, with the cell that is furthest off. */
function wholeNetwork({ tensors }: Gradcheck, styles: Styles): string[] {
  const rows = tensors.map((check) => [check.tensor, WORDS[check.verdict], moved(check), ...worstOf(check)]);
  const header = ["loss along", "", "cells moved", "error", "worst cell", "gradient", "measured"];
  const [first, ...lines] = table([header, ...rows], [false, false, true, true, false, true, true]);
  return [styles.dim(first), ...lines.map((line, k) => coloured(line, tensors[k].verdict, styles))];
}

/** A line for each layer alone, and below it each of its gradients that is wrong. */
function layerByLayer({ layers }: Gradcheck, styles: Styles): string[] {
  const rows: { cells: string[]; verdict: Verdict }[] = [];
  for (const { layer, verdict, tensors } of layers) {
    const worst = worstAmong(tensors);
    rows.push({ cells: [layer, WORDS[verdict], worst ? errorOf(worst) : ""], verdict });
    for (const check of tensors.filter(({ verdict }) => verdict === "differs")) {
      const share = `${whole(check.wrong)} of ${whole(check.checked - check.kinks)} cells`;
      const [error, cell, gradient, measured] = worstOf(check);
      rows.push({ cells: [`  along ${check.tensor}`, share, error, cell, gradient, measured], verdict });
    }
  }
  const header = ["each layer alone", "", "error", "", "", ""];
  const [first, ...lines] = table(
    [header, ...rows.map(({ cells }) => cells)],
    [false, false, true, false, true, true],
  );
  return [styles.dim(first), ...lines.map((line, k) => coloured(line, rows[k].verdict, styles))];
}

/** What could not be judged, and why. */
function onKinks({ tensors, layers }: Gradcheck, styles: Styles): string[] {
  const whole = tensors.flatMap(({ tensor, kinks, checked, kink }) =>
    kink
      ? [`${tensor}: ${kinks} of ${checked}; ${cellAddress(kink.cell)} moves ${cellAddress(kink.unit)}`]
      : [],
  );
  const alone = layers.flatMap(({ layer, tensors }) => {
    const kinks = tensors.reduce((sum, check) => sum + check.kinks, 0);
    const checked = tensors.reduce((sum, check) => sum + check.checked, 0);
    return kinks > 0 ? [`${layer} alone: ${kinks} of ${checked}`] : [];
  });
  if (whole.length + alone.length === 0) return [];
  return ["", styles.dim("on a kink, not judged"), ...[...whole, ...alone].flatMap(wrapped)];
}

function verdict(result: Gradcheck, styles: Styles): string[] {
  if (!result.agrees) {
    const wrong = wrongLayers(result);
    const where = wrong.length > 0 ? wrong.join(", ") : "how the gradients are put together";
    return wrapped(`Wrong: ${where}.`).map(styles.bad);
  }
  const worst = worstAmong([...result.tensors, ...result.layers.flatMap(({ tensors }) => tensors)]);
  return worst === undefined
    ? ["Nothing could be judged: every cell lies on a kink."]
    : [
        styles.good(
          `All gradients are right: no error is above ${errorOf(worst)} (${errorOf({ error: GRADCHECK_TOLERANCE })} is allowed).`,
        ),
      ];
}

const moved = ({ checked, cells }: TensorCheck) =>
  checked === cells ? `all ${whole(cells)}` : `${whole(checked)} of ${whole(cells)}`;

/** The error of the worst cell, its index, its gradient and the measured slope. */
function worstOf({ worst }: TensorCheck): string[] {
  if (worst === undefined) return ["", "", "", ""];
  return [errorOf(worst), `[${worst.cell.index.join(", ")}]`, short(worst.gradient), short(worst.measured)];
}

function worstAmong(checks: readonly TensorCheck[]): CellCheck | undefined {
  const all = checks.flatMap(({ worst }) => worst ?? []);
  // NaN is worse than any number
  return all.reduce<CellCheck | undefined>(
    (a, b) => (a === undefined || !(b.error <= a.error) ? b : a),
    undefined,
  );
}

/** In at most 9 columns. */
function short(value: number): string {
  if (value === 0) return "0";
  return Math.abs(value) < 0.01 ? value.toExponential(2) : significant(value);
}

function errorOf({ error }: Pick<CellCheck, "error">): string {
  return error === 0 ? "0" : error.toExponential(0);
}

function coloured(line: string, verdict: Verdict, styles: Styles): string {
  return verdict === "differs" ? styles.bad(line) : line;
}
