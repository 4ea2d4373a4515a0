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
import {
  counted,
  fixed,
  formatFor,
  type NumberFormat,
  percent,
  powerOf,
  roundingOf,
} from "../../../presentation/numbers.js";
import type { Chapter } from "../chapter.js";
import { table } from "../grids.js";
import { explained, nameOf, type Story, tensorOf } from "../story.js";
import { bar } from "../tensorMaps.js";

/** Of more classes than this, only the most probable have a line. */
const MOST_CLASSES = 12;

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
  const shown = shownClasses(p, story);
  const hidden = [...p.keys()].filter((k) => !shown.includes(k));
  const total = powers.reduce((sum, value) => sum + value, 0);
  const formats = { z: formatFor(z), power: formatFor([total], 5), p: { decimals: 4, exponent: 0 } };
  const numbersOf = (power: number, probability: number) => [
    fixed(power, formats.power),
    fixed(probability, formats.p),
  ];
  const rest = hidden.reduce((sum, k) => ({ power: sum.power + powers[k], p: sum.p + p[k] }), {
    power: 0,
    p: 0,
  });
  const rows = shown.map((k) => ({
    cells: [
      nameOf(story, k),
      fixed(z[k], formats.z),
      fixed(z[k] - z[story.winner], formats.z),
      ...numbersOf(powers[k], p[k]),
      bar(p[k], false),
    ],
    look: k === story.winner ? "chosen" : undefined,
  }));
  if (hidden.length > 0) {
    rows.push({
      cells: [
        `the other ${counted(hidden.length, "class", "classes")}`,
        "",
        "",
        ...numbersOf(rest.power, rest.p),
        "",
      ],
      look: undefined,
    });
  }
  const lines = [...shown.map((k) => ({ power: powers[k], p: p[k] })), ...(hidden.length > 0 ? [rest] : [])];
  const left = {
    power: roundingOf(
      lines.map(({ power }) => power),
      total,
      formats.power,
    ),
    p: roundingOf(
      lines.map(({ p }) => p),
      1,
      formats.p,
    ),
  };
  if (left.power !== 0 || left.p !== 0) {
    rows.push({
      cells: [
        "left over by rounding",
        "",
        "",
        orNothing(left.power, formats.power),
        orNothing(left.p, formats.p),
        "",
      ],
      look: undefined,
    });
  }
  rows.push({ cells: ["sum", "", "", ...numbersOf(total, 1), ""], look: "total" });
  return table(
    ["class", html`score z${powerOf(formats.z)}`, "less the largest", "e to that", "share of the sum: p", ""],
    rows,
    ["text", "n", "n", "n", "n", "bar"],
  );
}

function orNothing(value: number, format: NumberFormat): string {
  return value === 0 ? "" : fixed(value, format);
}

/** All classes in order; of many, the most probable, most probable first, and the right one. */
export function shownClasses(p: ArrayLike<number>, { label }: Story): number[] {
  const order = Array.from(p, (_, k) => k);
  if (order.length <= MOST_CLASSES) return order;
  const most = order.sort((a, b) => p[b] - p[a]).slice(0, MOST_CLASSES - 2);
  return most.includes(label) ? most : [...most, label];
}
