import { type Content, html, type Markup } from "../../../html.js";
import { formula, indexed, letter, operator } from "../../../presentation/mathml.js";
import {
  counted,
  fixed,
  formatFor,
  formatThatAdds,
  percent,
  powerOf,
  short,
} from "../../../presentation/numbers.js";
import { outcomeOf } from "../../outcome.js";
import type { Chapter } from "../chapter.js";
import { table } from "../grids.js";
import { address, explained, followedCell, nameOf, once, type Story, valueAt } from "../story.js";
import { sumTable } from "../sums.js";
import { worked } from "../worked.js";

/** The chapter in which the network learns: every parameter takes a step. */
export function updateChapter(story: Story): Chapter {
  const { learningRate, trace } = story;
  const { parameters, parameterCount } = trace.model;
  return {
    id: "update",
    name: "update",
    kind: "gradient descent",
    direction: "after",
    title: "Every weight takes a small step downhill",
    lead: "Each parameter is changed by a little, against its gradient: so the loss becomes smaller.",
    facts: [html`<b>${counted(parameterCount, "parameter")}</b>`, html`learning rate <b>${learningRate}</b>`],
    body: [
      html`<p>How large the step is, the <dfn>learning rate</dfn> says: here ${learningRate}. A slope is true only nearby: a long step can go past the valley and up again on the other side.</p>`,
      formula(
        [
          [
            indexed("w", [html`<mtext>new</mtext>`], "weight"),
            operator("="),
            letter("w", "weight"),
            operator("−"),
            letter("η"),
            operator("·"),
            letter("g", "gradient"),
          ],
        ],
        html`<span class="weight">w</span> a weight or a bias, <span class="gradient">g</span> its gradient, η the learning rate`,
      ),
      parameters.length > 0 && example(story, parameters[0].fullName),
      parameters.length > 0 && parameterTable(story),
      outcome(story),
    ],
  };
}

function example(story: Story, parameter: string): Markup {
  const cell = followedCell(story, `new.${parameter}`);
  const { terms, value } = explained(story, cell);
  const [before, step] = terms;
  const format = formatThatAdds([before.value, step.value], value);
  const [, rate, gradient] = step.factors;
  return worked(html`By hand: <code>${parameter}[${cell.index.join(", ")}]</code>`, [
    sumTable({
      lines: [
        { name: "the weight before", value: before.value },
        {
          name: "the step, against the gradient",
          made: `−${rate.value} × ${short(gradient.value, 4)}`,
          value: step.value,
        },
      ],
      totalName: html`the weight after, ${address(cell)}`,
      total: value,
      format,
    }),
  ]);
}

/** One number of each parameter. */
function parameterTable(story: Story): Content {
  const rows = story.trace.model.parameters.map(({ fullName }) => {
    const cell = followedCell(story, fullName);
    const [before, gradient, after] = ["", "grad.", "new."].map((prefix) =>
      valueAt(story, { ...cell, tensor: `${prefix}${fullName}` }),
    );
    const step = -story.learningRate * gradient;
    const format = formatThatAdds([before, step], after);
    return {
      cells: [
        address(cell),
        fixed(before, format),
        short(gradient),
        fixed(step, format),
        fixed(after, format),
      ],
    };
  });
  return [
    html`<p>The same for one number of each parameter; all others take their steps at the same time.</p>`,
    table(["parameter", "before", "gradient", "step", "after"], rows, ["text", "n", "n", "n", "n"]),
  ];
}

/** The loss and the probability of the right class before and after, and what the slopes had promised. */
function outcome(story: Story): Content {
  const { trace, learningRate } = story;
  const { loss, classes, promised, squares } = outcomeOf(trace);
  const isScore = trace.model.loss.words.probabilities === "scores";
  const said = (value: number) => (isScore ? short(value, 4) : percent(value));
  const change = loss.after - loss.before;
  const format = formatFor([loss.before, loss.after]);
  const shown = (value: number) => `${fixed(value, format)}${powerOf(format)}`;
  const close = Math.abs(change - promised) <= 0.2 * Math.abs(promised);
  return [
    html`<h3>Did it help?</h3>`,
    table(
      ["", "before", "after"],
      [
        { cells: ["loss", shown(loss.before), shown(loss.after)], look: "chosen" },
        ...classes.map(({ index, before, after }) => ({
          cells: [
            `${isScore ? "score" : "probability"} of “${nameOf(story, index)}”`,
            said(before),
            said(after),
          ],
        })),
      ],
      ["text", "n", "n"],
    ),
    html`<p>${change < 0 ? "For this picture, yes." : change > 0 ? html`No: <b>the loss grew</b>. The step was too long for these slopes; try a smaller learning rate.` : "Nothing changed: the loss was at its smallest already."} If every slope held all the way, the loss would change by −η times the sum of the squares of all gradients: −${learningRate} × ${short(squares)} = ${short(promised)}. It changed by ${short(change)}.${change < 0 && (close ? " So the slopes told the truth." : " The slopes changed on the way; a shorter step would come closer to what they promise.")}</p>`,
    html`<p>${once(story, "training", html`<dfn>Training</dfn> repeats just this, for thousands of pictures: forward, loss, back, step. In practice the gradients of a few pictures (a batch) are averaged before each step.`)}</p>`,
  ];
}
