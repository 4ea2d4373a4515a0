import type { Explanation } from "../explain/explain.js";
import type { Model, ModelLayer } from "../graph/model.js";
import { type Content, html } from "../html.js";
import type { Dropout } from "../layers/dropout.js";
import type { Gelu } from "../layers/gelu.js";
import type { GlobalAveragePool2d } from "../layers/globalAveragePool2d.js";
import type { layerKinds } from "../layers/index.js";
import type { ResolvedLayer } from "../layers/layer.js";
import type { LeakyRelu } from "../layers/leakyRelu.js";
import { CEILING } from "../layers/relu6.js";
import type { Window } from "../layers/window.js";
import type { Loss } from "../losses/loss.js";
import { brackets, fraction, indexed, letter, list, number, operator, power, sumOver } from "./mathml.js";

/*
 * How a cell is computed, as MathML. x is what goes into a layer, y what it gives; dx and dy are their gradients.
 */

/** The formulas of a kind of layer, made for one of its layers. */
interface LayerFormulas<Resolved extends ResolvedLayer> {
  readonly output: Formula<Resolved>;
  readonly inputGradient: Formula<Resolved>;
  /** Of its parameters, by their names. */
  readonly [parameter: string]: Formula<Resolved>;
}

/** The type of a method, so that a kind's row may stand in a table of all kinds. */
type Formula<Resolved extends ResolvedLayer> = {
  /** @param explanation of the cell that it is made for: layers may do something else in training */
  of(layer: ModelLayer<Resolved>, explanation: Pick<Explanation, "rule" | "terms">): Content;
}["of"];

/** A kind's complete options and shapes. */
type ResolvedOf<Type extends keyof typeof layerKinds> = ReturnType<(typeof layerKinds)[Type]["resolve"]>;

const is = operator("=");
const plus = operator("+");
const minus = operator("−");
const [x, y, dx, dy] = ["x", "y", "dx", "dy"].map((name) => letter(name));

/** `x` with `c, p, q`; an index of several letters is one that was put together. */
const at = (name: string, ...indices: readonly Content[]) =>
  indexed(
    name,
    indices.map((index) => (typeof index === "string" ? letter(index) : index)),
  );
const over = (...letters: readonly string[]) => sumOver(list(letters));
const biasGradient = () => [letter("dbias"), is, sumOver(letter("all uses")), dy];

/** Kinds of layers whose numbers are more than copies. */
const formulas: { readonly [Type in keyof typeof layerKinds]?: LayerFormulas<ResolvedOf<Type>> } = {
  conv2d: {
    output: ({ resolved }) => {
      const { bias, groups } = resolved;
      return [
        [at("y", "o", "i", "j"), is, bias && [at("bias", "o"), plus], over("c", "u", "v")],
        [at("weight", "o", "c", "u", "v"), at("x", channel(groups), ...pixel(resolved))],
      ];
    },
    inputGradient: ({ resolved }) => [
      [
        at("dx", channel(resolved.groups), "p", "q"),
        is,
        over("o", "u", "v"),
        at("weight", "o", "c", "u", "v"),
      ],
      at("dy", "o", ...outputOver(resolved)),
    ],
    weight: ({ resolved }) => [
      [at("dweight", "o", "c", "u", "v"), is, over("n", "i", "j")],
      [at("dy", "n", "o", "i", "j"), at("x", "n", channel(resolved.groups), ...pixel(resolved))],
    ],
    bias: biasGradient,
  },
  dense: {
    output: ({ parameters }) => [
      [at("y", "o"), is, parameters.length > 1 && [at("bias", "o"), plus]],
      [over("k"), at("weight", "o", "k"), at("x", "k")],
    ],
    inputGradient: () => [at("dx", "k"), is, over("o"), at("weight", "o", "k"), at("dy", "o")],
    weight: () => [at("dweight", "o", "k"), is, over("n"), at("dy", "n", "o"), at("x", "n", "k")],
    bias: biasGradient,
  },
  relu: {
    output: () => [y, is, letter("max"), brackets([x, operator(","), number(0)])],
    inputGradient: () => [dx, is, dy, html`<mspace width="0.5em"/>`, letter("where x > 0, else 0")],
  },
  leakyRelu: {
    output: ({ resolved }) => [y, is, leaked(x, resolved)],
    inputGradient: ({ resolved }) => [dx, is, leaked(dy, resolved)],
  },
  relu6: {
    output: () => [
      [y, is, letter("min")],
      brackets([number(CEILING), operator(","), letter("max"), brackets([x, operator(","), number(0)])]),
    ],
    inputGradient: () => [
      dx,
      is,
      dy,
      html`<mspace width="0.5em"/>`,
      letter(`where 0 < x < ${CEILING}, else 0`),
    ],
  },
  sigmoid: {
    output: () => [y, is, fraction(number(1), [number(1), plus, power(letter("e"), [minus, x])])],
    inputGradient: () => [dx, is, y, brackets([number(1), minus, y]), dy],
  },
  tanh: {
    output: () => [y, is, of("tanh", x)],
    inputGradient: () => [dx, is, brackets([number(1), minus, power(y, number(2))]), dy],
  },
  silu: {
    output: () => [y, is, x, of("σ", x)],
    inputGradient: () => [
      [dx, is, of("σ", x), brackets([number(1), plus, x, brackets([number(1), minus, of("σ", x)])])],
      dy,
    ],
  },
  gelu: {
    output: ({ resolved }) => [
      [y, is, x, of("Φ", x), is],
      [fraction(x, number(2)), brackets([number(1), plus, inGelu(resolved)])],
    ],
    inputGradient: () => [dx, is, brackets([of("Φ", x), plus, x, of("Φ′", x)]), dy],
  },
  maxPool2d: {
    output: () => [y, is, letter("max"), brackets(letter("window"))],
    inputGradient: () => [dx, is, sumOver(letter("windows won")), dy],
  },
  averagePool2d: {
    output: ({ resolved }) => [
      [at("y", "c", "i", "j"), is, share(resolved), over("u", "v")],
      at("x", "c", ...pixel(resolved)),
    ],
    inputGradient: ({ resolved }) => [
      [dx, is, share(resolved)],
      [sumOver(letter("windows over it")), dy],
    ],
  },
  globalAveragePool2d: {
    output: ({ resolved }) => [
      [at("y", "c"), is, shareOfAll(resolved), over("p", "q")],
      at("x", "c", "p", "q"),
    ],
    inputGradient: ({ resolved }) => [[at("dx", "c", "p", "q"), is, shareOfAll(resolved)], at("dy", "c")],
  },
  batchNorm2d: normFormulas(["n", "p", "q"]),
  batchNorm1d: normFormulas(["n"]),
  dropout: {
    output: (layer, explanation) => [y, is, dropped(x, layer, explanation)],
    inputGradient: (layer, explanation) => [dx, is, dropped(dy, layer, explanation)],
  },
  add: {
    output: ({ inputs }) => [y, is, inputs.map((_, k) => [k > 0 && plus, at("x", number(k + 1))])],
    inputGradient: () => [dx, is, dy],
  },
};

/** A function of something. */
const of = (name: string, content: Content) => [letter(name), brackets(content)];

/** The function that rises from -1 to 1. */
const inGelu = ({ approximate }: Gelu): Content =>
  approximate === "none"
    ? of("erf", html`<mfrac><mrow>${x}</mrow><msqrt>${number(2)}</msqrt></mfrac>`)
    : of("tanh", [
        html`<msqrt>${fraction(number(2), letter("π"))}</msqrt>`,
        brackets([x, plus, number(0.044715), power(x, number(3))]),
      ]);

/** @param places over which a channel's numbers are counted */
function normFormulas(places: readonly string[]): LayerFormulas<ResolvedLayer> {
  const deviation = html`<msqrt>${letter("variance")}${plus}${letter("eps")}</msqrt>`;
  const xhat = html`<mover>${x}<mo>^</mo></mover>`;
  const mean = (of: Content) => [fraction(number(1), letter("m")), over(...places), of];
  return {
    output: () => [
      [y, is, letter("weight"), xhat, plus, letter("bias"), operator(",")],
      [html`<mspace width="1em"/>`, xhat, is, fraction([x, minus, letter("mean")], deviation)],
    ],
    inputGradient: (_layer, { terms }) => {
      const scale = [dx, is, fraction(letter("weight"), deviation)];
      if (terms.length === 1) return [scale, dy]; // in evaluation
      return [scale, brackets([[dy, minus], [mean(dy), minus, xhat], mean([dy, xhat])])];
    },
    weight: () => [letter("dweight"), is, over(...places), dy, xhat],
    bias: () => [letter("dbias"), is, over(...places), dy],
  };
}

/** In evaluation everything passes. */
const dropped = (
  of: Content,
  { resolved }: ModelLayer<Dropout>,
  { rule }: Pick<Explanation, "rule">,
): Content =>
  rule === "copy"
    ? of
    : [
        fraction(of, number(1 - resolved.rate)),
        [html`<mspace width="0.5em"/>`, letter("where it is kept, else 0")],
      ];

/** As it is, or times the slope. */
const leaked = (of: Content, { slope }: LeakyRelu) => [
  [of, html`<mspace width="0.5em"/>`, letter("where x > 0, else"), html`<mspace width="0.5em"/>`],
  [number(slope), of],
];

const shareOfAll = ({ inputShape: [, H, W] }: GlobalAveragePool2d) => fraction(number(1), number(H * W));
const share = ({ kernel: [U, V] }: Window) => fraction(number(1), number(U * V));

/** The channel under weight c of a filter; in groups, counted from the first one that the filter sees. */
const channel = (groups: number): Content => (groups === 1 ? "c" : [letter("first"), plus, letter("c")]);

/** The pixel under cell (u, v) of the window that makes output (i, j): `2i + u − 1`. */
function pixel({ stride, dilation, padding: [top, , , left] }: Window): Content[] {
  return axes("iujv", [top, left]).map(([output, cell, before], axis) => [
    [times(stride[axis], output), plus, times(dilation[axis], cell)],
    before > 0 && [minus, number(before)],
  ]);
}

/** The output whose window has its cell (u, v) on pixel (p, q): `(p + 1 − u) / 2`, where that is a whole number. */
function outputOver({ stride, dilation, padding: [top, , , left] }: Window): Content[] {
  return axes("puqv", [top, left]).map(([pixel, cell, before], axis) => {
    const moved = [letter(pixel), before > 0 && [plus, number(before)], minus, times(dilation[axis], cell)];
    return stride[axis] === 1 ? moved : [brackets(moved), operator("/"), number(stride[axis])];
  });
}

/** Two letters for each of the two directions, and how much padding lies before. */
const axes = ([a, b, c, d]: string, [top, left]: readonly number[]) =>
  [
    [a, b, top],
    [c, d, left],
  ] as const;

const times = (factor: number, name: string) => [factor > 1 && number(factor), letter(name)];

/** Of the rules by which the network's end is computed. */
const endFormulas: Record<string, Content> = {
  softmax: [
    [at("p", "k"), is],
    fraction(power(letter("e"), at("z", "k")), [over("m"), power(letter("e"), at("z", "m"))]),
  ],
  loss: [
    [letter("loss"), is, fraction(number(1), letter("N")), over("n")],
    [minus, letter("ln"), at("p", "n", "right")],
  ],
  difference: [at("dz", "k"), is, fraction([at("p", "k"), minus, at("y", "k")], letter("N"))],
};

/** The same with the mean squared error. */
const squaredErrorFormulas: Record<string, Content> = {
  loss: [
    [letter("loss"), is, fraction(number(1), [letter("N"), letter("K")]), over("n"), over("k")],
    power(brackets([at("z", "n", "k"), minus, at("y", "n", "k")]), number(2)),
  ],
  difference: [
    [at("dz", "k"), is, fraction(number(2), [letter("N"), letter("K")])],
    brackets([at("z", "k"), minus, at("y", "k")]),
  ],
};

/** The same with the binary cross-entropy. */
const binaryFormulas: Record<string, Content> = {
  function: [
    [at("p", "k"), is],
    fraction(number(1), [number(1), plus, power(letter("e"), [minus, at("z", "k")])]),
  ],
  loss: [
    [letter("loss"), is, fraction(number(1), [letter("N"), letter("K")]), over("n"), over("k")],
    [minus, letter("ln"), at("p", "n", "k", "answer")],
  ],
  difference: [at("dz", "k"), is, fraction([at("p", "k"), minus, at("y", "k")], [letter("N"), letter("K")])],
};

/** By the type of the loss. */
const lossFormulas: Readonly<Record<string, Record<string, Content>>> = {
  softmaxCrossEntropy: endFormulas,
  meanSquaredError: squaredErrorFormulas,
  binaryCrossEntropy: binaryFormulas,
};

/**
 * The formula of a number at the network's end. With label smoothing and class weights only what makes probabilities has one: the
 * rest is said in words alone.
 */
function formulaOfLoss(
  { type, labelSmoothing, classWeights }: Loss,
  { rule, cell }: Explanation,
): Content | undefined {
  if (rule === "function" && cell.tensor !== "probs") return undefined; // that of a layer
  const isSpecial = labelSmoothing > 0 || classWeights !== undefined;
  return isSpecial && cell.tensor !== "probs" ? undefined : lossFormulas[type][rule];
}

/**
 * The formula by which a cell came to its value, as the content of a `<math>`; undefined where nothing was computed, or no
 * formula is known.
 */
export function formulaOf(explanation: Explanation, model: Model): string | undefined {
  const { rule } = explanation;
  const content =
    formulaOfLoss(model.loss, explanation) ?? (rule === "given" ? undefined : formulaIn(model, explanation));
  return content ? html`${content}`.html : undefined;
}

function formulaIn(model: Model, explanation: Explanation): Content {
  const { tensor } = explanation.cell;
  const name = tensor.replace(/^grad\./, "");
  const isGradient = name !== tensor;
  const own = model.layers.find(({ parameters }) => parameters.some(({ fullName }) => fullName === name));
  if (own) return isGradient && formulasOf(own)?.[name.slice(own.name.length + 1)]?.(own, explanation);
  if (!isGradient) {
    const layer = model.layers.find(({ output }) => output === name);
    return layer && formulasOf(layer)?.output(layer, explanation);
  }
  const uses = model.uses.get(name) ?? [];
  if (uses.length > 1) return [dx, is, uses.map(({ layer }, k) => [k > 0 && plus, at("dx", layer.name)])];
  return uses.map(({ layer }) => formulasOf(layer)?.inputGradient(layer, explanation))[0];
}

/** What kinds without formulas do is said in words alone. */
const formulasOf = ({ spec }: ModelLayer): LayerFormulas<ResolvedLayer> | undefined => formulas[spec.type];
