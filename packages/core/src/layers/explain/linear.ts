import { type Cell, indexAt, offsetOf } from "../../cell.js";
import { counted } from "../../presentation/numbers.js";
import { sizeOf } from "../../tensor.js";
import type { ResolvedLayer } from "../layer.js";
import {
  type Account,
  type Around,
  type Explainer,
  type Factor,
  factorAt,
  product,
  type Term,
} from "./explanation.js";

/*
 * Layers whose outputs are sums of inputs, each times a number that never changes: averages, additions. How an output is
 * made says everything. Turned around it says where a number of an input goes: its gradient is made of the gradients of
 * those outputs, each times the same number.
 */

/** A number that goes into an output. */
export interface Summand {
  /** Of which input, counted from 0. */
  readonly input: number;
  /** Where it stands there, in one image. */
  readonly index: readonly number[];
  /** What it is multiplied with. */
  readonly share: number;
}

/** A cell of the output that a number of an input goes into. */
interface Goal {
  readonly index: readonly number[];
  readonly share: number;
}

export interface LinearWords<Resolved> {
  /** What the share is called, where it isn't 1: `1/9`. */
  shareLabel?(layer: Resolved): string;
  /** One plain sentence about an output of so many parts. */
  output(layer: Resolved, parts: number): string;
  /** One plain sentence about the gradient of a number that goes into so many outputs. */
  inputGradient(layer: Resolved, goals: number): string;
}

/**
 * @param partsOf the numbers that go into an output cell of one image, in the order in which the textbook adds them; the
 * textbook's gradient must add in the order of the outputs
 */
export function explainLinear<Resolved extends ResolvedLayer>(
  partsOf: (layer: Resolved, index: readonly number[]) => readonly Summand[],
  words: LinearWords<Resolved>,
): Explainer<Resolved> {
  const turned = new WeakMap<Resolved, ReadonlyMap<string, readonly Goal[]>>();
  const goalsOf = (layer: Resolved, input: number, index: readonly number[]): readonly Goal[] => {
    const goals = turned.get(layer) ?? turnedAround(layer, partsOf);
    turned.set(layer, goals);
    return goals.get(keyOf(layer, input, index)) ?? [];
  };
  const term = (layer: Resolved, factor: Factor, share: number): Term =>
    product(share === 1 ? [factor] : [factor, { value: share, label: words.shareLabel?.(layer) ?? "share" }]);
  const account = (terms: readonly Term[], says: string): Account => ({
    rule: terms.length === 1 && terms[0].factors.length === 1 ? "copy" : "sum",
    terms,
    others: [],
    says,
  });

  return {
    output(layer, around, [n, ...index]) {
      const parts = partsOf(layer, index);
      const terms = parts.map((part) =>
        term(layer, factorAt(inputNamed(around, layer, part.input), [n, ...part.index]), part.share),
      );
      return account(terms, words.output(layer, parts.length));
    },

    inputGradient(layer, around, [n, ...index], input) {
      const gradient = around("grad.out");
      const goals = goalsOf(layer, input, index);
      const terms = goals.map((goal) => term(layer, factorAt(gradient, [n, ...goal.index]), goal.share));
      return account(terms, words.inputGradient(layer, goals.length));
    },

    parameterGradient() {
      throw new RangeError("Such a layer has no parameters.");
    },

    uses(layer, _around, { tensor, index: [n, ...index] }) {
      if (tensor === "grad.out") {
        return partsOf(layer, index).map(
          (part): Cell => ({ tensor: `grad.${localName(layer, part.input)}`, index: [n, ...part.index] }),
        );
      }
      const goals = goalsOf(layer, tensor === "x" ? 0 : Number(tensor.slice(1)) - 1, index);
      return goals.map((goal): Cell => ({ tensor: "out", index: [n, ...goal.index] }));
    },
  };
}

/** For each number of the inputs, where it goes, in the order of the outputs. */
function turnedAround<Resolved extends ResolvedLayer>(
  layer: Resolved,
  partsOf: (layer: Resolved, index: readonly number[]) => readonly Summand[],
): ReadonlyMap<string, readonly Goal[]> {
  const goals = new Map<string, Goal[]>();
  for (let cell = 0; cell < sizeOf(layer.outputShape); cell++) {
    const index = indexAt(layer.outputShape, cell);
    for (const part of partsOf(layer, index)) {
      const key = keyOf(layer, part.input, part.index);
      const known = goals.get(key);
      if (known) known.push({ index, share: part.share });
      else goals.set(key, [{ index, share: part.share }]);
    }
  }
  return goals;
}

const keyOf = (
  { inputShape, inputShapes = [inputShape] }: ResolvedLayer,
  input: number,
  index: readonly number[],
) => `${input}/${offsetOf(inputShapes[input], index)}`;

const localName = ({ inputShapes }: ResolvedLayer, input: number) => (inputShapes ? `x${input + 1}` : "x");

const inputNamed = (around: Around, layer: ResolvedLayer, input: number) => around(localName(layer, input));

/** `1 output that it went into`, for the sentences of such layers. */
export const outputsItWentInto = (goals: number) => `${counted(goals, "output")} that it went into`;
