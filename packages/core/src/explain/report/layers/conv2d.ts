import { type Content, html, type Markup } from "../../../html.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { channelsOfGroup, firstChannel } from "../../../layers/groups.js";
import { pixelUnder, reachOf } from "../../../layers/window.js";
import { scaleOf } from "../../../presentation/colours.js";
import {
  formula,
  indexed,
  letter,
  list,
  operator,
  placeUnder,
  sumOver,
} from "../../../presentation/mathml.js";
import { counted, times } from "../../../presentation/numbers.js";
import { blockSum, strongestBlock } from "../blockSums.js";
import { blockEquation, blocksOf, type FactorLook } from "../blocks.js";
import type { LayerChapters, Telling } from "../chapter.js";
import { costOf } from "../chapter.js";
import { legendOf, mapRow, planesOf } from "../maps.js";
import { addressWithValue, explained, followedCell, type LayerPlace, once, tensorOf } from "../story.js";
import { channelMap, markOf, strongest, tensorMaps } from "../tensorMaps.js";
import { formatsFor, worked } from "../worked.js";
import { convBackward } from "./conv2dBackward.js";
import { channelUnder, kernelMap } from "./kernelMap.js";

export const conv2dChapters: LayerChapters = { forward, backward: convBackward };

function forward(place: LayerPlace<Conv2d>): Partial<Telling> {
  const { story, layer, output } = place;
  const conv = layer.resolved;
  const [O, I, J] = conv.outputShape;
  const [C] = conv.inputShape;
  const K = channelsOfGroup(conv);
  const one = O === 1;
  const weights = `${layer.name}.weight`;
  return {
    title: `${counted(O, "filter")} ${one ? "looks" : "look"} for small patterns`,
    lead: html`${one ? "The filter" : "Each filter"} lays a small grid of ${times(conv.kernel)} weights, its kernel, on every place of ${C === 1 ? "the picture" : K === C ? `the ${C} maps` : `${K === 1 ? "one" : K} of the ${C} maps`} and answers with one number: how well what lies there matches.`,
    body: [
      once(
        story,
        "weight",
        html`<p>A <dfn>weight</dfn> is a number that says how much the number under it counts, and whether for or against: orange weights want something there, blue ones want nothing there. ${story.trained ? "Nobody chose these weights; the network found them while it was trained." : "These weights are fresh from a random generator: nothing has been learnt yet."} The answers of one filter, each at its place, are again a picture: its <dfn>feature map</dfn>.</p>`,
      ),
      K === C &&
        C > 1 &&
        html`<p>What comes in has ${C} maps, so ${one ? "the filter" : "each filter"} has ${C} kernels, one for each map; the answers on all of them are added.</p>`,
      K < C && groupsText(conv),
      windowText(conv),
      tensorMaps(story, output, {
        ...(K === 1 && {
          above: (o: number) => kernelMap(story, layer.name, o, 0),
          legendAbove: legendOf(
            scaleOf(weights, tensorOf(story, weights).data),
            html`<code>${weights}</code>`,
          ),
        }),
        caption: html`${K === 1 ? "Above, the kernel of each filter; below, its feature map" : "The feature map of each filter"}, ${times([I, J])}. The framed one holds the number that we follow.`,
      }),
      K > 1 && kernelRow(place, conv),
      formulaOf(conv),
      example(place, conv),
      costOf(
        story,
        `${times([O, I, J])} answers, each of ${times([K, ...conv.kernel])} products`,
        layer.multiplyAdds.forward,
      ),
    ],
  };
}

/** Which maps a filter sees. */
function groupsText(conv: Conv2d): Markup {
  const K = channelsOfGroup(conv);
  const filters = conv.outputShape[0] / conv.groups;
  const seen =
    filters === 1
      ? `each filter sees ${K === 1 ? "one map" : `${K} maps`} only`
      : `the first ${filters} filters see the first ${K === 1 ? "map" : `${K} maps`} only, the next ones the next`;
  return html`<p>The maps that come in and the filters are split into ${conv.groups} <dfn>groups</dfn>, in order: ${seen}. So there is less to learn and to multiply; but what lies on the other maps doesn’t meet here.</p>`;
}

/** What padding, stride and dilation do, where there are any. */
function windowText({ padding, stride, dilation, kernel }: Conv2d): Content {
  const [top, right, bottom, left] = padding;
  const even = padding.every((side) => side === top);
  return [
    padding.some((side) => side > 0) &&
      html`<p>Around the picture lies a frame of zeros, the <dfn>padding</dfn>: ${even ? `${top} on each side` : `${top} at the top, ${right} on the right, ${bottom} at the bottom, ${left} on the left`}. So the kernel can also lie over the edge.</p>`,
    Math.max(...stride) > 1 &&
      html`<p>From one answer to the next the kernel moves ${stride[0] === stride[1] ? `${stride[0]} cells` : `${counted(stride[0], "row")} or ${counted(stride[1], "column")}`}, its <dfn>stride</dfn>: the map that comes out is smaller.</p>`,
    Math.max(...dilation) > 1 &&
      html`<p>The kernel is spread out: its weights lie ${dilation[0] === dilation[1] ? `${dilation[0]} cells` : `${counted(dilation[0], "row")} and ${counted(dilation[1], "column")}`} apart (its <dfn>dilation</dfn>), so ${times(kernel)} weights reach over ${times(reachOf(kernel, dilation))} cells.</p>`,
  ];
}

/** The kernels of the followed filter, one for each map that comes in. */
function kernelRow({ story, layer }: LayerPlace, conv: Conv2d): Markup {
  const name = `${layer.name}.weight`;
  const weight = tensorOf(story, name);
  const [, C] = weight.shape;
  const [o, c] = followedCell(story, name).index;
  const planes = planesOf(weight).slice(o * C, (o + 1) * C);
  const shown = strongest(planes, c);
  return mapRow(
    shown.map((k) => kernelMap(story, layer.name, o, k, `${firstChannel(conv, o) + k}`)),
    legendOf(scaleOf(name, weight.data), html`<code>${name}</code>`),
    `The kernels of filter ${o}, ${shown.length < C ? `${shown.length} of its ${C}` : `one for each map that ${conv.groups > 1 ? "it sees" : "comes in"}`}.`,
  );
}

function formulaOf(conv: Conv2d): Markup {
  const row = placeUnder("i", "u", conv.stride[0], conv.dilation[0], conv.padding[0]);
  const column = placeUnder("j", "v", conv.stride[1], conv.dilation[1], conv.padding[3]);
  const names = (text: string) => [...text].map((name) => letter(name));
  return formula(
    [
      [
        indexed("y", names("oij"), "output"),
        operator("="),
        conv.bias && [indexed("b", names("o"), "bias"), operator("+")],
      ],
      [
        sumOver(list(["c", "u", "v"])),
        indexed("w", names("ocuv"), "weight"),
        operator("·"),
        indexed("x", [channelUnder(conv), row, column], "input"),
      ],
    ],
    html`<span class="output">y</span> what comes out, <span class="weight">w</span> weights, <span class="input">x</span> what comes in${conv.bias && html`, <span class="bias">b</span> the filter's bias`}; o counts filters, c the maps that ${conv.groups > 1 ? "it sees, of which f is the first" : "come in"}, (i, j) is a place in the map, (u, v) a place in the kernel. ∑ means: add this up for all c, u, v. All counts begin with 0.`,
  );
}

function example(place: LayerPlace, conv: Conv2d): Markup {
  const { story, layer, input, output } = place;
  const cell = followedCell(story, output);
  const [, o, i, j] = cell.index;
  const explanation = explained(story, cell);
  const formats = formatsFor(explanation);
  const weights = `${layer.name}.weight`;
  const blocks = blocksOf(explanation.terms, { tensor: weights, axis: 1 }).map((block) => ({
    ...block,
    channel: firstChannel(conv, o) + block.channel,
  }));
  const block = strongestBlock(blocks);
  const [top, left] = pixelUnder(conv, [i, j], [0, 0]);
  const [height, width] = reachOf(conv.kernel, conv.dilation);
  const looks: FactorLook[] = [
    {
      caption: `weights of filter ${o}`,
      role: "weight",
      scale: scaleOf(weights, tensorOf(story, weights).data),
    },
    { caption: "what lies under them", role: "input", scale: scaleOf(input, tensorOf(story, input).data) },
  ];
  const many = blocks.length > 1;
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>${once(story, "address", html`An <dfn>address</dfn> names one number of all that the network works out: <code>${output}</code> is what comes out of ${layer.name}; of it image 0 (there is only one), filter ${o}, row ${i}, column ${j}. `)}The kernel of filter ${o} lies with its first cell on row ${top}, column ${left}${top < 0 || left < 0 ? " (in the padding)" : ""}. Each weight is multiplied with the number under it, and the products are added.</p>`,
    mapRow(
      [
        channelMap(
          story,
          input,
          block.channel,
          [{ row: top, column: left, height, width }],
          html`<code>${input}</code>${many && `, map ${block.channel}`}`,
        ).map,
        html`<span class="sign">→</span>`,
        channelMap(story, output, o, [markOf(cell)], html`<code>${output}</code>, map ${o}`).map,
      ],
      undefined,
    ),
    many && html`<p>On map ${block.channel}, which adds most:</p>`,
    blockEquation(block, looks, [0, 1], formats),
    blockSum(explanation, blocks, block, formats, "map"),
  ]);
}
