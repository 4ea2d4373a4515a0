import { type Content, html } from "../../../html.js";
import { formula, indexed, letter, ln, operator } from "../../../presentation/mathml.js";
import { fixed, formatFor, magnitudeOf, percent, powerOf, short } from "../../../presentation/numbers.js";
import type { Chapter } from "../chapter.js";
import { lossPlot } from "../plots.js";
import { nameOf, type Story, tensorOf } from "../story.js";
import { worked } from "../worked.js";
import { whatIsRight } from "./label.js";

/** The last chapter of the way forward: one number that says how wrong it was. */
export function lossChapter(story: Story): Chapter {
  const { winner, trace } = story;
  const [label] = story.right;
  const p = tensorOf(story, "probs").data[label];
  const count = trace.model.classes.length;
  const { labelSmoothing } = trace.model.loss;
  return {
    id: "loss",
    name: "loss",
    kind: "cross-entropy",
    direction: "forward",
    title: "One number for how wrong that was",
    lead: html`The <dfn>loss</dfn>, here the cross-entropy, is minus the natural logarithm of the probability that the right class got: 0 for certainty, more the smaller the probability was.`,
    facts: [html`<b>1</b> number: ${short(trace.loss, 4)}`],
    body: [
      whatIsRight(
        story,
        winner === label
          ? " The network agrees."
          : html` The network took it for “${nameOf(story, winner)}”.`,
      ),
      formula(
        [[letter("L"), operator("="), operator("−"), ln(indexed("p", [html`<mtext>right</mtext>`]))]],
        "ln is the natural logarithm: to what power must e be raised to get this?",
      ),
      lossPlot(p),
      worked("By hand", [
        html`<p>${labelSmoothing > 0 ? smoothedLine(p, labelSmoothing, trace.loss) : lossLine(p, trace.loss)}</p>`,
      ]),
      html`<p>A blind guess among ${count} classes, 1/${count} for each, would have a loss of ln ${count} = ${short(Math.log(count), 4)}. To train a network is to make this number small, for all pictures at once.</p>`,
    ],
  };
}

/** `−ln 0.98712 = 0.01296`, with so many digits of the probability that it is right. */
function lossLine(p: number, loss: number): Content {
  const format = formatFor([loss]);
  const distance = Math.min(p, 1 - p);
  const decimals = distance === 0 ? 4 : Math.min(16, Math.max(5, 4 - magnitudeOf(distance)));
  return html`The right class got ${percent(p)}: −ln ${fixed(p, { decimals, exponent: 0 })} = <b>${fixed(loss, format)}${powerOf(format)}</b>.`;
}

/** The same with label smoothing, by which the probabilities of all classes count. */
function smoothedLine(p: number, labelSmoothing: number, loss: number): Content {
  return html`This network learns with label smoothing: −ln of the right class’s probability, ${short(p, 4)}, counts ${short(1 - labelSmoothing, 4)}, and the mean of −ln of all classes’ probabilities the other ${short(labelSmoothing, 4)}, so that no class should become certain. Together <b>${short(loss, 4)}</b>.`;
}
