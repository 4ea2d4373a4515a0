import { html, type Markup } from "../../../html.js";
import type { Term } from "../../../layers/explain/explanation.js";
import { explain } from "../../explain.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { address, addressWithValue, followedCell, type LayerPlace, type Story } from "../story.js";
import { tensorMaps } from "../tensorMaps.js";
import { termTable, worked } from "../worked.js";

/*
 * What can be told of any layer, from its own words and from the terms that its numbers are made of. A kind of layer that
 * has more to tell has chapters of its own.
 */
export const anyLayerChapters: LayerChapters = { forward, backward };

function forward({ story, layer, output }: LayerPlace): Telling {
  const { kind, forward } = layer.kind.words(layer.resolved);
  return {
    kind,
    title: titled(kind),
    lead: forward,
    body: [tensorMaps(story, output, { caption: "What comes out." }), byHand(story, output)],
  };
}

function backward({ story, layer }: LayerPlace): Telling {
  const { kind, backward } = layer.kind.words(layer.resolved);
  const gradients = [...new Set(layer.inputs)].map((input) => `grad.${input}`);
  return {
    kind: `${kind}, backward`,
    title: `${titled(kind)}: the way back`,
    lead: backward,
    body: gradients.map((gradient) => [
      tensorMaps(story, gradient, { caption: "The gradients of what came in." }),
      byHand(story, gradient),
    ]),
  };
}

const titled = (kind: string) => kind.charAt(0).toUpperCase() + kind.slice(1);

/** The followed number of a tensor with all that it is made of. */
function byHand(story: Story, tensor: string): Markup {
  const cell = followedCell(story, tensor);
  const { says, terms } = explain(story.trace, cell);
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>${says}</p>`,
    terms.length > 0 && termTable(story, cell, nameOfTerm),
  ]);
}

/** The cells that a term is made of. */
function nameOfTerm({ factors }: Term): Markup {
  const cells = factors.flatMap(({ cell }) => cell ?? []);
  return html`${cells.map((cell, k) => html`${k > 0 && " × "}${address(cell)}`)}`;
}
