import type { Model, ModelLayer } from "../../graph/model.js";
import { type Content, html, type Markup } from "../../html.js";
import { listed, takenBy, takersOf } from "../../presentation/graph.js";
import { counted, percent, times, whole } from "../../presentation/numbers.js";
import { sizeOf } from "../../tensor.js";
import { type LayerPlace, once, type Story } from "./story.js";

/** `after`: when the way back is done. */
export type Direction = "forward" | "backward" | "after";

/** A chapter of a report. */
export interface Chapter {
  /** For links. */
  readonly id: string;
  /** What is in the table of contents: `conv1`. */
  readonly name: string;
  /** The same in plain words: `convolution`. */
  readonly kind: string;
  readonly direction: Direction;
  readonly title: Content;
  /** The whole in one plain sentence. */
  readonly lead: Content;
  readonly facts?: readonly Content[];
  readonly body: Content;
}

/** What is told of a layer; `Chapter` without what is the same for all. */
export type Telling = Pick<Chapter, "title" | "lead" | "body">;

/** What a kind of layer tells in its own way. For the rest there are its words and its `explain`. */
export interface LayerChapters {
  forward?(place: LayerPlace): Partial<Telling>;
  backward?(place: LayerPlace): Partial<Telling>;
}

const directions: Record<Direction, string> = {
  forward: "→ forward",
  backward: "← backward",
  after: "afterwards",
};

export function renderChapter(chapter: Chapter, number: number): Markup {
  const { id, name, kind, direction, title, lead, facts = [], body } = chapter;
  return html`<section class="chapter ${direction}" id="${id}"><p class="eyebrow">${number} ${directions[direction]}: <b>${name}</b>, ${kind}</p><h2>${title}</h2><p class="lead">${lead}</p>${
    facts.length > 0 && html`<ul class="facts">${facts.map((fact) => html`<li>${fact}</li>`)}</ul>`
  }${body}</section>`;
}

/** Shape, parameters and cost of a layer on the way forward. */
export function forwardFacts(story: Story, layer: ModelLayer): Content[] {
  const parameters = layer.parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const { model } = story.trace;
  const { forward } = layer.multiplyAdds;
  return [
    ...takesAndGoes(story, layer),
    html`${numbersIn(layer)}, <b>${times(layer.outputShape)}</b> out`,
    html`<b>${parameters === 0 ? "nothing" : whole(parameters)}</b> to learn`,
    forward === 0
      ? html`<b>no</b> multiplications`
      : html`<b>${whole(forward)}</b> multiply-adds, ${percent(forward / model.multiplyAdds.forward)} of the network's`,
  ];
}

/** How many numbers go in, from each of several inputs. */
function numbersIn({ inputShape, resolved: { inputShapes = [inputShape] } }: ModelLayer): Content {
  const shapes = inputShapes.map(times);
  if (new Set(shapes).size > 1) return html`${listed(shapes, (shape) => html`<b>${shape}</b>`)} numbers in`;
  return html`<b>${shapes[0]}</b> numbers ${shapes.length > 1 ? `from each of ${shapes.length}` : "in"}`;
}

/** What a layer takes, and which layers take what it gives, where these aren't simply its neighbours. */
function takesAndGoes({ trace: { model } }: Story, layer: ModelLayer): Content[] {
  const taken = takenBy(model, layer);
  return [...(taken ? [html`takes ${links(taken)}`] : []), ...goesInto(model, layer.output)];
}

/** The layers that take a tensor, if there are several. */
export function goesInto(model: Model, tensor: string): Content[] {
  const takers = takersOf(model, tensor);
  return takers ? [html`goes into ${links(takers)}`] : [];
}

/** Layers by their names, each a link to its chapter. @param prefix `grad-` for those of the way back */
export function links(names: readonly string[], prefix = ""): Content {
  return listed<Content>(
    names,
    (name) => html`<a href="#${name === "x" ? "input" : prefix + name}">${name}</a>`,
  );
}

/** What the layer costs on the way back. */
export function backwardFacts(story: Story, { name, multiplyAdds }: ModelLayer): Content[] {
  const extra = multiplyAdds.trainingStep - multiplyAdds.forward;
  const parts = Math.round(extra / (multiplyAdds.forward || 1));
  return [
    html`arrives: <code>grad.${name}.out</code>, <b>${times(story.tensors[`grad.${name}.out`].shape.slice(1))}</b>`,
    extra === 0
      ? html`<b>no</b> multiplications`
      : html`<b>${whole(extra)}</b> multiply-adds: ${parts === 1 ? "as many as forward, for the weights alone, as nothing before it learns" : "twice as many as forward, once for the weights and once for what came in"}`,
  ];
}

/** What a multiply-add is, where the first is counted. */
export function costOf(story: Story, made: Content, total: number): Markup {
  return html`<p><b>What it costs.</b> ${made} = ${counted(total, "multiply-add")}. ${once(
    story,
    "multiply-add",
    html`A <dfn>multiply-add</dfn> multiplies two numbers and adds the product to a sum: nearly all the work of a network is made of them.`,
  )}</p>`;
}
