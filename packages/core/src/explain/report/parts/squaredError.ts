import { html } from "../../../html.js";
import {
  brackets,
  formula,
  fraction,
  indexed,
  letter,
  number,
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
import { whatIsRight } from "./label.js";

const off = brackets([indexed("z", [letter("k")], "input"), operator("−"), indexed("y", [letter("k")])]);

/** The last chapter of the way forward, of a network with the mean squared error. */
export function squaredErrorChapter(story: Story): Chapter {
  const { winner, trace } = story;
  const [label] = story.right;
  const z = Array.from(tensorOf(story, "probs").data);
  const y = z.map((_, k) => (k === label ? 1 : 0));
  const squares = z.map((score, k) => (score - y[k]) ** 2);
  const sum = squares.reduce((total, square) => total + square, 0);
  const format = formatFor(z);
  const ofSquares = formatFor(squares);
  return {
    id: "loss",
    name: "loss",
    kind: "mean squared error",
    direction: "forward",
    title: "One number for how wrong that was",
    lead: html`The <dfn>loss</dfn>, here the mean squared error, is the mean of the squares of what the scores are off: the right class should have 1, all others 0.`,
    facts: [html`<b>1</b> number: ${short(trace.loss, 4)}`],
    body: [
      html`<p>The scores are the answer as they are; nothing keeps them between 0 and 1. The largest wins: “${nameOf(story, winner)}”, with ${short(z[winner], 4)}.</p>`,
      whatIsRight(story),
      formula(
        [
          [letter("L"), operator("=")],
          [fraction(number(1), letter("K")), sumOver(letter("k")), power(off, number(2))],
        ],
        "y is 1 for the right class and 0 for the others; K is how many classes there are",
      ),
      classTable(
        story,
        [
          { head: html`score z${powerOf(format)}`, values: z, format },
          { head: "y", values: y, format: { decimals: 0, exponent: 0 } },
          {
            head: html`(z − y)²${powerOf(ofSquares)}`,
            values: squares,
            format: ofSquares,
            added: true,
            total: sum,
          },
        ],
        (k) => bar(Math.min(1, squares[k]), false),
        [label],
      ),
      worked("By hand", [
        html`<p>${short(sum, 5)} / ${counted(z.length, "class", "classes")} = <b>${short(trace.loss, 4)}</b>.</p>`,
      ]),
    ],
  };
}

/** The first chapter of the way back. */
export function squaredErrorGradientChapter(story: Story): Chapter {
  const { output: scores, classes } = story.trace.model;
  const cell = followedCell(story, `grad.${scores}`);
  return {
    id: "grad-softmax",
    name: "loss",
    kind: "score − y",
    direction: "backward",
    title: "How wrong each score was: score − y",
    lead: html`The gradient of a score is twice what it had too much, divided by the number of classes: a square grows twice as fast as what it is the square of.`,
    facts: [
      html`starts: <b>1</b> loss, gives <b>${counted(classes.length, "gradient")}</b>, <code>grad.${scores}</code>`,
    ],
    body: [
      formula(
        [
          [slope(indexed("z", [letter("k")], "input")), operator("=")],
          [fraction(number(2), letter("K")), off],
        ],
        "y is 1 for the right class and 0 for the others",
      ),
      worked(html`By hand: <code>${scores}</code> of “${nameOf(story, cell.index[1])}”`, [
        html`<p>${explained(story, cell).says}</p>`,
        checked(story, cell),
      ]),
    ],
  };
}
