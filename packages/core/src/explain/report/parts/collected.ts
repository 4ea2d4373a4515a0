import { type Content, html } from "../../../html.js";
import { signedScaleFor } from "../../../presentation/colours.js";
import { formatThatAdds, short } from "../../../presentation/numbers.js";
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
  sourceOf,
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
  const lines = ways.map(({ layer, terms, sum }, k) => ({
    name: html`from <a href="#grad-${layer}">${sourceOf(parts[k])}</a>${terms.length === 0 && ": nothing"}`,
    value: sum,
  }));
  return [
    html`<h3>What comes back is added</h3><p>${named(tensor)} went into ${links(ways.map(({ layer }) => layer).reverse(), "grad-")}. The loss depends on its numbers on each of these ways, so what comes back on all of them is added: that is ${named(name)}.</p>`,
    partMaps(story, name, parts),
    worked(html`By hand: ${address(cell)} = ${short(valueAt(story, cell))}`, [
      sumTable({
        lines,
        totalName: address(cell),
        total: value,
        format: formatThatAdds(
          ways.map(({ sum }) => sum),
          value,
        ),
      }),
      checked(story, cell),
    ]),
  ];
}

/** The followed map of each part, and of their sum, with one scale. */
function partMaps(story: Story, name: string, parts: readonly string[]): Content {
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
      caption: k < parts.length ? `from ${sourceOf(part)}` : html`<code>${name}</code>, map ${channel}`,
      width: 160,
    }),
  ]);
  return mapRow(maps, legendOf(scale, html`<code>${name}</code> and its parts`));
}
