import { type Content, html, type Markup } from "../../../html.js";
import type { Term } from "../../../layers/explain/explanation.js";
import { formula, indexed, letter, operator, sumOver } from "../../../presentation/mathml.js";
import { counted, times, whole } from "../../../presentation/numbers.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { costOf } from "../chapter.js";
import { address, addressWithValue, followedCell, isLast, type LayerPlace, nameOf, once } from "../story.js";
import { tensorMaps } from "../tensorMaps.js";
import { termTable, worked } from "../worked.js";
import { backward } from "./denseBackward.js";
import { evidence, placeBehind } from "./evidence.js";

export const denseChapters: LayerChapters = { forward, backward };

function forward(place: LayerPlace): Partial<Telling> {
  const { story, layer, output } = place;
  const [inputs] = layer.inputShape;
  const [units] = layer.outputShape;
  const last = isLast(place);
  const cell = followedCell(story, output);
  const unit = cell.index[1];
  const bias = layer.parameters.some(({ name }) => name === "bias");
  return {
    title: last ? "Evidence for and against each class" : `${counted(units, "weighted sum")} of everything`,
    body: [
      last
        ? html`<p>There is one sum for each class, its <dfn>score</dfn> (also called logit): how much of what was found speaks for the class, less what speaks against it. The largest score wins: it is that of “${nameOf(story, story.winner)}”.</p>`
        : html`<p>Each unit gathers what was found, from all places at once, into one number: a new feature of the whole picture.</p>`,
      bias &&
        once(
          story,
          "bias",
          html`<p>The <dfn>bias</dfn> is a number that is always added, whatever comes in: what the sum is before any evidence.</p>`,
        ),
      tensorMaps(story, output, {
        caption: last
          ? html`The scores, <code>${output}</code>.`
          : html`What comes out, <code>${output}</code>.`,
      }),
      formulaOf(bias),
      evidence(place),
      worked(
        html`By hand: ${addressWithValue(story, cell)}${last && `, the score of “${nameOf(story, unit)}”`}`,
        [
          html`<p>${whole(inputs)} products are added${bias && ", and the bias"}. The ones that count most:</p>`,
          termTable(story, cell, (term) => inputName(place, term)),
        ],
      ),
      costOf(
        story,
        html`${whole(units)} sums of ${whole(inputs)} products each: ${times([units, inputs])}`,
        layer.multiplyAdds.forward,
      ),
    ],
  };
}

function formulaOf(bias: boolean): Markup {
  return formula(
    [
      [
        indexed("y", [letter("o")], "output"),
        operator("="),
        bias && [indexed("b", [letter("o")], "bias"), operator("+")],
      ],
      [
        sumOver(letter("k")),
        indexed("w", [letter("o"), letter("k")], "weight"),
        operator("·"),
        indexed("x", [letter("k")], "input"),
      ],
    ],
    html`<span class="output">y</span> what comes out, <span class="weight">w</span> weights, <span class="input">x</span> what comes in${bias && html`, <span class="bias">b</span> biases`}; o counts what comes out, k what comes in`,
  );
}

/** What a product's input is called: its address, and where it lay before it was flattened. */
function inputName(place: LayerPlace, { factors }: Term): Content {
  const cell = factors.find(({ cell }) => cell?.tensor === place.input)?.cell;
  return cell && [address(cell), placeBehind(place, cell.index[1])];
}
