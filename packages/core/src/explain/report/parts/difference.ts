import { type Content, html } from "../../../html.js";
import {
  brackets,
  formula,
  indexed,
  letter,
  ln,
  operator,
  power,
  slope,
  sumOver,
} from "../../../presentation/mathml.js";
import { counted, formatFor, powerOf, short } from "../../../presentation/numbers.js";
import type { Chapter } from "../chapter.js";
import { checked } from "../check.js";
import { explained, followedCell, nameOf, type Story, tensorOf } from "../story.js";
import { bar } from "../tensorMaps.js";
import { worked } from "../worked.js";
import { classTable } from "./classTable.js";

/** The first chapter of the way back: what the scores have to do with the loss. */
export function differenceChapter(story: Story): Chapter {
  const { output: scores, classes, loss } = story.trace.model;
  const { labelSmoothing } = loss;
  const cell = followedCell(story, `grad.${scores}`);
  return {
    id: "grad-softmax",
    name: "loss and softmax",
    kind: "p − y",
    direction: "backward",
    title: "How wrong each score was: p − y",
    lead: html`The gradient of a score is the probability that its class got, less the one that it should have got: 1 for the right class, 0 for all others.`,
    facts: [
      html`starts: <b>1</b> loss, gives <b>${counted(classes.length, "gradient")}</b>, <code>grad.${scores}</code>`,
    ],
    body: [
      html`<p><b>Why p − y.</b> Written out with the scores, the loss is the logarithm of the sum of all powers, less the score of the right class:</p>`,
      formula([
        [
          letter("L"),
          operator("="),
          ln(brackets([sumOver(letter("m")), power(letter("e"), indexed("z", [letter("m")], "input"))])),
        ],
        [operator("−"), indexed("z", [html`<mtext>right</mtext>`], "input")],
      ]),
      html`<p>If score k grows by a little, its power grows by that little times itself, so the first part grows by the share of that power in the sum: that is just p. The second part counts only for the right class, and there takes 1 away. Nearly all of the calculation cancels, and what remains is:</p>`,
      formula(
        [
          [slope(indexed("z", [letter("k")], "input")), operator("=")],
          [indexed("p", [letter("k")]), operator("−"), indexed("y", [letter("k")])],
        ],
        labelSmoothing > 0
          ? html`y is 1 for the right class and 0 for the others, but for the label smoothing: ${short(labelSmoothing, 4)} of it is spread evenly over all ${counted(classes.length, "class", "classes")}`
          : "y is 1 for the right class and 0 for the others",
      ),
      differenceTable(story, scores),
      html`<p>The right class pulls its score up (its gradient is below 0: the loss shrinks when the score grows), all others are pushed down, each as strongly as it was believed in. Together that is 0.</p>`,
      worked(html`By hand: <code>${scores}</code> of “${nameOf(story, cell.index[1])}”`, [
        html`<p>${explained(story, cell).says}</p>`,
        checked(story, cell),
      ]),
    ],
  };
}

function differenceTable(story: Story, scores: string): Content {
  const { labelSmoothing } = story.trace.model.loss;
  const p = tensorOf(story, "probs").data;
  const g = tensorOf(story, `grad.${scores}`).data;
  // as exact as the smaller of the two that make the most of it, so that nobody sees 1 − 1 = 0
  const format = formatFor(g);
  const columns = [
    {
      head: "p",
      values: p,
      format: { decimals: format.decimals - format.exponent, exponent: 0 },
      added: true,
    },
    {
      head: "y",
      values: p.map((_, k) => (story.right.includes(k) ? 1 - labelSmoothing : 0) + labelSmoothing / p.length),
      format: { decimals: labelSmoothing > 0 ? 4 : 0, exponent: 0 },
      added: true,
    },
    { head: html`p − y ${powerOf(format)}`, values: g, format, added: true, total: 0 },
  ] as const;
  return classTable(story, columns, (k) => bar(g[k], true), story.right);
}
