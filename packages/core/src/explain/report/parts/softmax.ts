import { type Content, html } from "../../../html.js";
import {
  formula,
  fraction,
  indexed,
  letter,
  operator,
  power,
  sumOver,
} from "../../../presentation/mathml.js";
import { counted, formatFor, percent, powerOf } from "../../../presentation/numbers.js";
import type { Chapter } from "../chapter.js";
import { explained, nameOf, type Story, tensorOf } from "../story.js";
import { bar } from "../tensorMaps.js";
import { classTable } from "./classTable.js";

/** The chapter that turns scores into probabilities. */
export function softmaxChapter(story: Story): Chapter {
  const { classes } = story.trace.model;
  const p = tensorOf(story, "probs").data;
  return {
    id: "softmax",
    name: "softmax",
    kind: "scores to probabilities",
    direction: "forward",
    title: "The scores become probabilities",
    lead: html`The <dfn>softmax</dfn> makes each score a positive number, e to the power of the score; its share in the sum of all is the probability of the class.`,
    facts: [
      html`<b>${counted(classes.length, "score")}</b> in, <b>${counted(classes.length, "probability", "probabilities")}</b> out`,
      html`<b>nothing</b> to learn`,
    ],
    body: [
      html`<p>e is the number 2.718…; a score that is larger by 1 makes a class e times, nearly three times, as probable. Before that the largest score is taken away from all: that changes no share, since every power becomes smaller by the same factor, but it keeps the powers from becoming too large to write down.</p>`,
      formula(
        [
          [indexed("p", [letter("k")], "output"), operator("=")],
          fraction(power(letter("e"), indexed("z", [letter("k")], "input")), [
            sumOver(letter("m")),
            power(letter("e"), indexed("z", [letter("m")], "input")),
          ]),
        ],
        html`<span class="output">p</span> the probability of class k, <span class="input">z</span> the scores; the sum goes over all classes m`,
      ),
      probabilityTable(story),
      html`<p>“${nameOf(story, story.winner)}” (class number ${story.winner}) has the largest share, <b>${percent(p[story.winner])}</b>: that is the network’s answer.</p>`,
    ],
  };
}

function probabilityTable(story: Story): Content {
  const z = tensorOf(story, story.trace.model.output).data;
  const p = tensorOf(story, "probs").data;
  const powers = Array.from(
    p,
    (_, k) => explained(story, { tensor: "probs", index: [0, k] }).terms[0].factors[0].value,
  );
  const total = powers.reduce((sum, value) => sum + value, 0);
  const format = formatFor(z);
  const columns = [
    { head: html`score z${powerOf(format)}`, values: z, format },
    { head: "less the largest", values: z.map((value) => value - z[story.winner]), format },
    { head: "e to that", values: powers, format: formatFor([total], 5), added: true, total },
    { head: "share of the sum: p", values: p, format: { decimals: 4, exponent: 0 }, added: true, total: 1 },
  ] as const;
  return classTable(story, columns, (k) => bar(p[k], false), [story.winner]);
}
