import { html } from "../../../html.js";
import {
  brackets,
  formula,
  fraction,
  indexed,
  letter,
  ln,
  number,
  operator,
  power,
  slope,
  sumOver,
} from "../../../presentation/mathml.js";
import { counted, formatFor, percent, powerOf, short } from "../../../presentation/numbers.js";
import type { Chapter } from "../chapter.js";
import { checked } from "../check.js";
import { explained, followedCell, nameOf, type Story, tensorOf } from "../story.js";
import { bar } from "../tensorMaps.js";
import { worked } from "../worked.js";
import { classTable } from "./classTable.js";
import { classesNamed, whatIsRight } from "./label.js";

const p = indexed("p", [letter("k")], "output");
const y = indexed("y", [letter("k")]);
const z = indexed("z", [letter("k")], "input");
const one = number(1);

/** The chapter that turns each score into a probability of its own. */
export function sigmoidChapter(story: Story): Chapter {
  const { classes, output } = story.trace.model;
  const scores = tensorOf(story, output).data;
  const probabilities = tensorOf(story, "probs").data;
  const format = formatFor(scores);
  return {
    id: "softmax",
    name: "sigmoid",
    kind: "scores to probabilities",
    direction: "forward",
    title: "Each score becomes a probability",
    lead: html`The <dfn>sigmoid</dfn> makes a probability of each score by itself: a half of 0, nearly 1 of a large score, nearly 0 of one far below 0.`,
    facts: [
      html`<b>${counted(classes.length, "score")}</b> in, <b>${counted(classes.length, "probability", "probabilities")}</b> out`,
      html`<b>nothing</b> to learn`,
    ],
    body: [
      formula(
        [[p, operator("=")], fraction(one, [one, operator("+"), power(letter("e"), [operator("−"), z])])],
        html`<span class="output">p</span> the probability of class k, <span class="input">z</span> its score`,
      ),
      classTable(
        story,
        [
          { head: html`score z${powerOf(format)}`, values: scores, format },
          { head: "its sigmoid: p", values: probabilities, format: { decimals: 4, exponent: 0 } },
        ],
        (k) => bar(probabilities[k], false),
        story.said,
      ),
      html`<p>Nothing makes these 1 together: each class is a question of its own. “${nameOf(story, story.winner)}” (class number ${story.winner}) has the largest, <b>${percent(probabilities[story.winner])}</b>.</p><p>What has more than a half is the network’s answer: ${classesNamed(story, story.said)}.</p>`,
    ],
  };
}

/** The last chapter of the way forward. */
export function binaryLossChapter(story: Story): Chapter {
  const { right: shown, trace } = story;
  const probabilities = tensorOf(story, "probs").data;
  const right = Array.from(probabilities, (value, k) => (shown.includes(k) ? value : 1 - value));
  const { terms } = explained(story, { tensor: "loss", index: [] });
  const losses = terms.map(({ factors }) => factors[0].value);
  const sum = losses.reduce((total, value) => total + value, 0);
  const format = formatFor(losses);
  return {
    id: "loss",
    name: "loss",
    kind: "binary cross-entropy",
    direction: "forward",
    title: "One number for how wrong that was",
    lead: html`The <dfn>loss</dfn>, here the binary cross-entropy, is the mean over the classes of minus the natural logarithm of the probability of the right answer: yes for each class that the picture shows, no for all others.`,
    facts: [html`<b>1</b> number: ${short(trace.loss, 4)}`],
    body: [
      whatIsRight(story),
      formula(
        [
          [letter("L"), operator("="), operator("−")],
          [fraction(one, letter("K")), sumOver(letter("k"))],
          brackets([
            [y, ln(p)],
            operator("+"),
            brackets([one, operator("−"), y]),
            ln(brackets([one, operator("−"), p])),
          ]),
        ],
        "y is 1 for each class that the picture shows and 0 for the others; K is how many classes there are",
      ),
      classTable(
        story,
        [
          {
            head: "y",
            values: right.map((_, k) => (shown.includes(k) ? 1 : 0)),
            format: { decimals: 0, exponent: 0 },
          },
          { head: "right answer’s probability", values: right, format: { decimals: 4, exponent: 0 } },
          { head: html`−ln of that${powerOf(format)}`, values: losses, format, added: true, total: sum },
        ],
        (k) => bar(1 - right[k], false),
        shown,
      ),
      worked("By hand", [
        html`<p>${short(sum, 5)} / ${counted(losses.length, "class", "classes")} = <b>${short(trace.loss, 4)}</b>.</p>`,
      ]),
      html`<p>A half for each class would have a loss of ln 2 = ${short(Math.LN2, 4)}.</p>`,
    ],
  };
}

/** The first chapter of the way back. */
export function binaryGradientChapter(story: Story): Chapter {
  const { output: scores, classes } = story.trace.model;
  const cell = followedCell(story, `grad.${scores}`);
  return {
    id: "grad-softmax",
    name: "loss and sigmoid",
    kind: "p − y",
    direction: "backward",
    title: "How wrong each score was: p − y",
    lead: html`The gradient of a score is the probability that its class got, less the one that it should have got, 1 for each class that the picture shows and 0 for all others, divided by the number of classes.`,
    facts: [
      html`starts: <b>1</b> loss, gives <b>${counted(classes.length, "gradient")}</b>, <code>grad.${scores}</code>`,
    ],
    body: [
      html`<p><b>Why p − y.</b> Of a class that isn’t shown the loss is ln(1 + e<sup>z</sup>) / K. If its score grows by a little, that grows by the share of e<sup>z</sup> in 1 + e<sup>z</sup>: that is just p. Of one that is shown it is that less z, which takes 1 away.</p>`,
      formula(
        [[slope(z), operator("=")], [fraction([p, operator("−"), y], letter("K"))]],
        "y is 1 for each class that the picture shows and 0 for the others",
      ),
      worked(html`By hand: <code>${scores}</code> of “${nameOf(story, cell.index[1])}”`, [
        html`<p>${explained(story, cell).says}</p>`,
        checked(story, cell),
      ]),
    ],
  };
}
