import type { Cell } from "../../cell.js";
import { type Content, html, type Markup } from "../../html.js";
import { type Scale, scaleOf } from "../../presentation/colours.js";
import { fixed, formatFor, largestSize, powerOf } from "../../presentation/numbers.js";
import {
  isShrunk,
  legendOf,
  type Mark,
  mapOf,
  mapRow,
  type Plane,
  planeAt,
  planesOf,
  sidesOf,
} from "./maps.js";
import { followedCell, named, nameOf, type Story, tensorOf } from "./story.js";

/* A tensor of the trace as pictures, with the cell that the report follows set off. */

/** The most channels that are drawn; of more, those with the strongest numbers. */
const MOST_MAPS = 16;

/** The longest row of numbers that is drawn as bars; longer ones are broken into lines and drawn as a map. */
const MOST_BARS = 16;

export interface TensorMapOptions {
  readonly caption?: Content;
  /** What stands above the map of a channel. */
  readonly above?: (channel: number) => Content;
  /** Of what stands above. */
  readonly legendAbove?: Content;
  /** Whether the followed cell is set off; default true. */
  readonly marked?: boolean;
}

/** All channels of a tensor with one scale and its legend: bars for a short row of numbers. */
export function tensorMaps(story: Story, name: string, options: TensorMapOptions = {}): Markup {
  const { caption, above, legendAbove, marked = true } = options;
  const tensor = tensorOf(story, name);
  const scale = scaleOf(name, tensor.data);
  const cell = followedCell(story, name);
  const planes = planesOf(tensor);
  if (tensor.shape.length === 2) return rowOfNumbers(story, name, options);
  const channel = planeAt(cell, tensor);
  const shown = strongest(planes, channel);
  const alone = planes.length === 1;
  const maps = shown.map((k) => {
    const map = mapOf(planes[k], scale, {
      name: `${name}, channel ${k}`,
      ...(alone ? { width: 208 } : { caption: `${k}` }),
      chosen: marked && k === channel && !alone,
      marks: marked && k === channel ? [markOf(cell)] : [],
    });
    return above ? html`<div class="pair">${above(k)}${map}</div>` : map;
  });
  return mapRow(
    maps,
    [legendAbove, legendOf(scale, named(name))],
    [
      caption,
      shown.length < planes.length &&
        ` Shown are ${shown.length} of the ${planes.length} channels, those with the strongest numbers.`,
      isShrunk(planes[0]) && " Each pixel shows the mean of a block of numbers.",
    ],
  );
}

/** One channel of a tensor, with the scale of the whole tensor. */
export function channelMap(
  story: Story,
  name: string,
  channel: number,
  marks: readonly Mark[],
  caption?: Content,
): { readonly map: Markup; readonly scale: Scale } {
  const tensor = tensorOf(story, name);
  const scale = scaleOf(name, tensor.data);
  const plane = planesOf(tensor)[channel];
  return {
    scale,
    map: mapOf(plane, scale, { name: `${name}, channel ${channel}`, marks, caption, width: 208 }),
  };
}

/** Which planes to draw, in order: all, or of many those with the largest numbers and always `chosen`. */
export function strongest(planes: readonly Plane[], chosen: number, most = MOST_MAPS): number[] {
  const all = [...planes.keys()];
  if (all.length <= most) return all;
  const sizes = planes.map(({ values }) => largestSize(values));
  sizes[chosen] = Infinity;
  return all
    .sort((a, b) => sizes[b] - sizes[a])
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** The mark of a cell `[n, c, p, q]` in the map of its channel, or of `[n, k]` in a row that is broken into lines. */
export function markOf({ index }: Cell, width = 1): Mark {
  const [row, column] =
    index.length >= 3 ? index.slice(-2) : [Math.floor(index[1] / width), index[1] % width];
  return { row, column, height: 1, width: 1 };
}

function rowOfNumbers(story: Story, name: string, { caption, marked = true }: TensorMapOptions): Markup {
  const tensor = tensorOf(story, name);
  const count = tensor.shape[1];
  const cell = followedCell(story, name);
  if (count <= MOST_BARS) {
    return mapRow([bars(story, name, marked ? cell.index[1] : -1)], undefined, caption);
  }
  const [, width] = sidesOf(tensor.shape);
  const scale = scaleOf(name, tensor.data);
  const map = mapOf(planesOf(tensor)[0], scale, {
    name: `${name}, ${count} numbers`,
    marks: marked ? [markOf(cell, width)] : [],
    width: 208,
  });
  return mapRow([map], legendOf(scale, named(name)), [
    caption,
    ` The ${count} numbers are written in lines of ${width}; the first is at the top left.${marked ? ` The one that is set off is number ${cell.index[1]}.` : ""}`,
  ]);
}

/** A short row of numbers as bars; scores and probabilities with the names of their classes. */
function bars(story: Story, name: string, chosen: number): Markup {
  const { data } = tensorOf(story, name);
  const format = formatFor(data);
  const largest = largestSize(data) || 1;
  const signed = scaleOf(name, data).kind === "diverging";
  const isScore = name.replace("grad.", "") === story.trace.model.output;
  return html`<table class="list"><thead><tr><th>${isScore ? "class" : "number"}</th><th class="n">${named(name)} ${powerOf(format)}</th><th></th></tr></thead><tbody>${Array.from(
    data,
    (value, k) =>
      html`<tr${k === chosen && html` class="chosen"`}><td>${isScore ? nameOf(story, k) : k}</td><td class="n">${fixed(value, format)}</td><td class="bar">${bar(value / largest, signed)}</td></tr>`,
  )}</tbody></table>`;
}

/** A bar of a share of its place; with a sign, to the left or to the right of the middle. */
export function bar(share: number, signed: boolean): Markup {
  const width = `${+(100 * Math.abs(share)).toFixed(1)}%`;
  if (!signed) return html`<i style="width:${width}"></i>`;
  const drawn = html`<i class="${share < 0 ? "neg" : "pos"}" style="width:${width}"></i>`;
  return share < 0
    ? html`<span class="two">${drawn}<i></i></span>`
    : html`<span class="two"><i></i>${drawn}</span>`;
}
