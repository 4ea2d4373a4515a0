import { type Content, html, type Markup } from "../../../html.js";
import type { Telling } from "../chapter.js";
import { costOf } from "../chapter.js";
import { checked } from "../check.js";
import {
  address,
  addressWithValue,
  explained,
  followedCell,
  isPart,
  type LayerPlace,
  named,
} from "../story.js";
import { tensorMaps } from "../tensorMaps.js";
import { termTable, worked } from "../worked.js";

/*
 * What can be told of any layer, from its own words and from the terms that its numbers are made of. A kind of layer that
 * has more to tell says so in place of it.
 */

export function forwardTelling(place: LayerPlace, own: Partial<Telling> = {}): Telling {
  const { story, layer, output } = place;
  const { short, forward } = layer.kind.words(layer.resolved);
  return {
    title: own.title ?? sentence(short),
    lead: own.lead ?? forward,
    body: own.body ?? [
      tensorMaps(story, output, { caption: "What comes out." }),
      byHand(place, output),
      layer.multiplyAdds.forward > 0 &&
        costOf(story, "All its products together", layer.multiplyAdds.forward),
    ],
  };
}

export function backwardTelling(place: LayerPlace, own: Partial<Telling> = {}): Telling {
  const { layer } = place;
  const { kind, backward } = layer.kind.words(layer.resolved);
  return {
    title: own.title ?? `${sentence(kind)}: the way back`,
    lead: own.lead ?? backward,
    body: own.body ?? [
      layer.parameters.map(({ name }) => parameterPart(place, name)),
      [...new Set(place.backs)].map((back) => [byHand(place, back), passedOn(place, back)]),
    ],
  };
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** The gradient of a parameter. */
export function parameterPart(place: LayerPlace, name: string): Content {
  return [html`<h3>The ${name}</h3>`, byHand(place, `grad.${place.layer.name}.${name}`)];
}

/** The followed number of a tensor by hand: what it is made of; a gradient also by trying. */
export function byHand({ story }: LayerPlace, tensor: string): Markup {
  const cell = followedCell(story, tensor);
  const { says, terms } = explained(story, cell);
  const [{ factors } = { factors: [] }] = terms;
  const only = terms.length === 1 && factors.length === 1 ? factors[0].cell : undefined;
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>${says}${only && html` It is ${address(only)}.`}</p>`,
    terms.length > 0 && !only && termTable(story, cell),
    tensor.startsWith("grad.") && checked(story, cell),
  ]);
}

/** The gradient that a layer gives back, whole or its part of it. */
export function passedOn(
  { story }: LayerPlace,
  back: string,
  caption: Content = html`What goes on to the layer before: ${named(back)}.`,
): Markup {
  return tensorMaps(story, back, {
    caption: isPart(back)
      ? "Only what comes back on this way: other layers took the same numbers, and what comes back from all of them is added."
      : caption,
  });
}
