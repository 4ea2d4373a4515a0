import { type Content, html } from "../../../html.js";
import { signedScaleFor } from "../../../presentation/colours.js";
import { formatFor, short } from "../../../presentation/numbers.js";
import { links } from "../chapter.js";
import { checked } from "../check.js";
import { legendOf, mapOf, mapRow, planeAt, planesOf } from "../maps.js";
import {
  address,
  explained,
  followedCell,
  named,
  partsOfGradient,
  type Story,
  tensorOf,
  valueAt,
} from "../story.js";
import { sumTable } from "../sums.js";
import { markOf } from "../tensorMaps.js";
import { worked } from "../worked.js";

/** How the gradient of a tensor is added up from all layers that took it; nothing where that is one. */
export function collectedPart(story: Story, tensor: string): Content {
  const name = `grad.${tensor}`;
  const parts = partsOfGradient(story, tensor);
  if (parts.length < 2) return undefined;
  const cell = followedCell(story, name);
  const { ways = [], value } = explained(story, cell);
  const layers = ways.map(({ layer }) => layer);
  const lines = ways.map(({ layer, terms, sum }) => ({
    name: html`from ${links([layer], "grad-")}${terms.length === 0 && ": nothing"}`,
    value: sum,
  }));
  return [
    html`<h3>What comes back is added</h3><p>${named(tensor)} went into ${links([...layers].reverse(), "grad-")}. The loss depends on its numbers on each of these ways, so what comes back on all of them is added: that is ${named(name)}.</p>`,
    partMaps(story, name, parts, layers),
    worked(html`By hand: ${address(cell)} = ${short(valueAt(story, cell))}`, [
      sumTable({
        lines,
        totalName: address(cell),
        total: value,
        format: formatFor([value, ...ways.map(({ sum }) => sum)]),
      }),
      checked(story, cell),
    ]),
  ];
}

/** The followed map of each part, and of their sum, with one scale. */
function partMaps(story: Story, name: string, parts: readonly string[], layers: readonly string[]): Content {
  const { shape, data } = tensorOf(story, name);
  if (shape.length < 3) return undefined;
  const cell = followedCell(story, name);
  const channel = planeAt(cell, { shape, data });
  const scale = signedScaleFor([data, ...parts.map((part) => tensorOf(story, part).data)]);
  const maps = [...parts, name].map((part, k) => [
    k > 0 && html`<span class="sign">${k < parts.length ? "+" : "="}</span>`,
    mapOf(planesOf(tensorOf(story, part))[channel], scale, {
      name: `${part}, channel ${channel}`,
      marks: [markOf(cell)],
      caption: k < parts.length ? `from ${layers[k]}` : html`<code>${name}</code>, map ${channel}`,
      width: 160,
    }),
  ]);
  return mapRow(maps, legendOf(scale, html`<code>${name}</code> and its parts`));
}
