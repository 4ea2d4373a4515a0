import { type Content, html, type Markup } from "../../../html.js";
import { scaleOf } from "../../../presentation/colours.js";
import { listed, takenBy } from "../../../presentation/graph.js";
import { percent, short, times } from "../../../presentation/numbers.js";
import { type Mark, mapOf, planeAt, planesOf } from "../maps.js";
import { followedCell, nameOf, type Story, tensorOf } from "../story.js";
import { markOf } from "../tensorMaps.js";
import { picture } from "./input.js";

/** The answer, and the whole way in small pictures. */
export function overview(story: Story): Markup {
  const { trace, trained, modelName } = story;
  return html`<section id="overview"><div class="answer">${picture(story, 168)}<p class="says">${trained ? html`The network <b>${modelName}</b> says` : html`The network <b>${modelName}</b> hasn’t learnt anything yet (its weights are random), and says`}: ${whatItSays(story)}. ${verdict(story)} The loss is <b>${short(trace.loss, 4)}</b>.</p></div><p>This page follows the picture through the network, and the error back again, with all the numbers. One number is followed all the way: it is framed in the pictures and worked out by hand in every chapter. It was chosen because it spoke most for the answer.</p>${way(story)}</section>`;
}

/** The answer, with its score or its probability; of several labels at once with each of them. */
function whatItSays(story: Story): Content {
  const { said, winner } = story;
  const most = html`<b>“${nameOf(story, winner)}”</b>, with a ${numberWord(story)} of <b>${numberOf(story, winner)}</b>`;
  if (said.length === 0) return html`<b>none of the classes</b>; the most it gives is to ${most}`;
  if (said.length === 1) return most;
  return listed(
    said.map(String),
    (k) => html`<b>“${nameOf(story, Number(k))}”</b> (${numberOf(story, Number(k))})`,
  );
}

/** Whether that is right. */
function verdict(story: Story): Content {
  const { said, right, labelKnown } = story;
  if (!labelKnown) return "Nobody said what is right, so this answer is taken for right on the way back.";
  if (said.length === right.length && said.every((k) => right.includes(k))) return "That is right.";
  const known = right.length === 1 ? "the label says" : "the labels say";
  if (right.length === 0) return html`That is wrong: ${known} <b>none of the classes</b>.`;
  const each = right.map((k) => html`<b>“${nameOf(story, k)}”</b>, which got ${numberOf(story, k)}`);
  return html`That is wrong: ${known} ${each.flatMap((one, k) => (k === 0 ? [one] : [k === each.length - 1 ? ", and " : ", ", one]))}.`;
}

const isScore = ({ trace }: Story) => trace.model.loss.words.probabilities === "scores";
const numberWord = (story: Story) => (isScore(story) ? "score" : "probability");

/** What a class got, as a percentage where that means something. */
function numberOf(story: Story, k: number): string {
  const value = tensorOf(story, "probs").data[k];
  return isScore(story) ? short(value, 4) : percent(value);
}

/** A column for each layer, in the order of the network: what it takes if not what the one before gives, what it gives, and the gradient that comes back to it. */
function way(story: Story): Markup {
  const { model } = story.trace;
  const stops = [
    { id: "input", name: "x", tensor: "x", taken: undefined },
    ...model.layers.map((layer) => ({
      id: layer.name,
      name: layer.name,
      tensor: layer.output,
      taken: takenBy(model, layer),
    })),
  ];
  return html`<ol class="way">${stops.map(
    ({ id, name, tensor, taken }) =>
      html`<li><a class="name" href="#${id}">${name}</a><small>${times(tensorOf(story, tensor).shape.slice(1))}${taken && html`<span class="takes">takes ${listed(taken)}</span>`}</small><span class="dir f">forward →</span>${small(story, tensor)}<span class="dir b">← backward</span>${small(story, `grad.${tensor}`)}</li>`,
  )}</ol>`;
}

function small(story: Story, name: string): Markup {
  const tensor = tensorOf(story, name);
  const cell = followedCell(story, name);
  const planes = planesOf(tensor);
  const channel = planeAt(cell, tensor);
  const plane = planes[channel];
  const marks: Mark[] = [markOf(cell, plane.width)];
  return mapOf(plane, scaleOf(name, tensor.data), {
    name: `${name}${planes.length > 1 ? `, channel ${channel}` : ""}`,
    marks,
  });
}
