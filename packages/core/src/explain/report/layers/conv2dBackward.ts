import { type Content, html, type Markup } from "../../../html.js";
import type { Conv2d } from "../../../layers/conv2d.js";
import { channelsOfGroup, firstChannel } from "../../../layers/groups.js";
import { scaleOf } from "../../../presentation/colours.js";
import { formula, indexed, letter, list, operator, slope, sumOver } from "../../../presentation/mathml.js";
import { counted, formatFor } from "../../../presentation/numbers.js";
import { blockSum, strongestBlock } from "../blockSums.js";
import { blockEquation, blocksOf, type FactorLook, isReadable } from "../blocks.js";
import type { Telling } from "../chapter.js";
import { checked } from "../check.js";
import { grid } from "../grids.js";
import { legendOf, mapRow, planesOf } from "../maps.js";
import { addressWithValue, explained, followedCell, type LayerPlace, tensorOf } from "../story.js";
import { strongest, tensorMaps } from "../tensorMaps.js";
import { formatsFor, termTable, worked } from "../worked.js";
import { parameterPart, passedOn } from "./anyLayer.js";
import { channelUnder, kernelMap } from "./kernelMap.js";

/*
 * A convolution on the way back: what its weights, its biases and its input have to do with the loss.
 */

export function convBackward(place: LayerPlace<Conv2d>): Partial<Telling> {
  const { story, layer, input, back } = place;
  const conv = layer.resolved;
  const [O] = conv.outputShape;
  const first = input === "x";
  return {
    title: `${O === 1 ? "One kernel" : `${O} kernels`}, used everywhere, ${O === 1 ? "collects" : "collect"} from everywhere`,
    body: [
      tensorMaps(story, `grad.${layer.name}.out`, {
        caption: html`The gradient that arrives, for each number of the ${counted(O, "feature map")}: orange, the loss would grow if that number grew; blue, it would shrink.`,
      }),
      html`<h3>The weights</h3>`,
      html`<p>If a weight grew by a little, each answer would grow by that little times the number that the weight met there, and the loss by that times the gradient of the answer. So: multiply the gradient of each answer with the number that the weight met, and add up over all places.</p>`,
      formulaOfWeights(conv),
      weightExample(place, conv),
      weightMaps(place, conv),
      layer.parameters.some(({ name }) => name === "bias") && parameterPart(place, "bias"),
      html`<h3>${first ? "The picture" : "What came in"}</h3>`,
      html`<p>${first ? html`Nobody can change the picture, so nothing is learnt from this gradient; but it shows which pixels the loss depends on.` : html`What came in was made by the layers before. They need to know what their numbers have to do with the loss, so ${layer.name} passes it on.`}</p>`,
      inputExample(place, conv),
      passedOn(
        place,
        back,
        first
          ? "Which pixels matter: orange, the loss would grow if this pixel were brighter; blue, it would shrink."
          : undefined,
      ),
    ],
  };
}

function formulaOfWeights(conv: Conv2d): Markup {
  const { stride, dilation, padding, groups } = conv;
  const plain = Math.max(...stride, ...dilation) === 1 && padding.every((side) => side === 0);
  const names = (text: string) => [...text].map((name) => letter(name));
  const place = plain
    ? [
        [letter("i"), operator("+"), letter("u")],
        [letter("j"), operator("+"), letter("v")],
      ]
    : [letter("p"), letter("q")];
  return formula(
    [
      [slope(indexed("w", names("ocuv"), "weight")), operator("=")],
      [
        sumOver(list(["i", "j"])),
        indexed("g", names("oij"), "gradient"),
        operator("·"),
        indexed("x", [channelUnder(conv), ...place], "input"),
      ],
    ],
    html`The fraction is the slope: how much the loss L changes for a little of <span class="weight">w</span>. <span class="gradient">g</span> is the gradient that arrives, of answer (i, j) of filter o${!plain && "; (p, q) is the place that the weight lay on for that answer"}${groups > 1 && "; f is the first map that filter o sees"}.`,
  );
}

function weightExample({ story, layer, input }: LayerPlace, conv: Conv2d): Markup {
  const cell = followedCell(story, `grad.${layer.name}.weight`);
  const [o, c, u, v] = cell.index;
  const explanation = explained(story, cell);
  const formats = formatsFor(explanation);
  const gradients = `grad.${layer.name}.out`;
  const [block] = blocksOf(explanation.terms, { tensor: gradients, axis: 1 });
  const looks: FactorLook[] = [
    {
      caption: `gradient of map ${o}`,
      role: "gradient",
      scale: scaleOf(gradients, tensorOf(story, gradients).data),
    },
    {
      caption: "what the weight met there",
      role: "input",
      scale: scaleOf(input, tensorOf(story, input).data),
    },
  ];
  return worked(html`By hand: ${addressWithValue(story, cell)}`, [
    html`<p>The weight of filter ${o} at row ${u}, column ${v} of its kernel${tensorOf(story, input).shape[1] > 1 && ` for map ${firstChannel(conv, o) + c}`}. Where nothing lay under the weight, or no gradient arrived, the product is 0.</p>`,
    blockEquation(block, looks, [0, 1], formats),
    isReadable(block)
      ? blockSum(explanation, [block], block, formats, "filter")
      : termTable(story, cell, ({ factors: [gradient] }) => placeName(gradient.cell?.index ?? [])),
    checked(story, cell),
  ]);
}

/** The gradient of each kernel. */
function weightMaps({ story, layer }: LayerPlace, conv: Conv2d): Markup {
  const name = `${layer.name}.weight`;
  const tensor = tensorOf(story, name);
  const [O, C] = tensor.shape;
  const [o] = followedCell(story, name).index;
  const planes = planesOf(tensorOf(story, `grad.${name}`));
  const ofFilter = (k: number) => ({
    height: 1,
    width: 1,
    values: planes.slice(k * C, (k + 1) * C).flatMap(({ values }) => [...Array.from(values)]),
  });
  // of many, one row for each filter would be too long: those of the followed one
  const kernels =
    C === 1
      ? strongest(
          Array.from({ length: O }, (_, k) => ofFilter(k)),
          o,
        ).map((k) => [k, 0])
      : strongest(planes.slice(o * C, (o + 1) * C), 0).map((c) => [o, c]);
  return mapRow(
    kernels.map(
      ([k, c]) =>
        html`<div class="pair">${kernelMap(story, layer.name, k, c)}${kernelMap(story, layer.name, k, c, `${C === 1 ? k : firstChannel(conv, k) + c}`, "grad.")}</div>`,
    ),
    [
      legendOf(scaleOf(name, tensor.data), html`above, <code>${name}</code>`),
      legendOf(
        scaleOf(`grad.${name}`, tensorOf(story, `grad.${name}`).data),
        html`below, <code>grad.${name}</code>`,
      ),
    ],
    C === 1
      ? "Each kernel, and below it its gradient: the update goes against it."
      : `The kernels of filter ${o} for the maps that ${conv.groups > 1 ? "it sees" : "come in"}, and below each its gradient: the update goes against it.`,
  );
}

function inputExample(place: LayerPlace, conv: Conv2d): Markup {
  const { story, layer, back } = place;
  const cell = followedCell(story, back);
  const [, c, p, q] = cell.index;
  const explanation = explained(story, cell);
  const title = html`By hand: ${addressWithValue(story, cell)}`;
  if (explanation.terms.length === 0) return worked(title, html`<p>${explanation.says}</p>`);
  const formats = formatsFor(explanation);
  const gradients = `grad.${layer.name}.out`;
  const weights = `${layer.name}.weight`;
  const blocks = blocksOf(explanation.terms, { tensor: gradients, axis: 1 });
  const block = strongestBlock(blocks);
  const weightScale = scaleOf(weights, tensorOf(story, weights).data);
  const looks: FactorLook[] = [
    { caption: "weights, turned", role: "weight", scale: weightScale },
    {
      caption: "gradients of the answers",
      role: "gradient",
      scale: scaleOf(gradients, tensorOf(story, gradients).data),
    },
  ];
  const met = block.rows.flat().filter((term) => term !== undefined).length;
  return worked(title, [
    html`<p><b>Why the kernel appears turned around.</b> The number at row ${p}, column ${q} was under the kernel ${counted(met, "time")}. When the kernel stood up and to the left of it, its <em>last</em> weights lay on this number; when it stood as far down and right as it could, its <em>first</em> did. So when the answers are written down in their order, the weights through which they got this number come in the opposite order: the kernel turned by half a turn.</p>`,
    storedKernel(place, block.channel, c, conv),
    blocks.length > 1 && html`<p>And through filter ${block.channel}, which adds most:</p>`,
    blockEquation(block, looks, [1, 0], formats),
    blockSum(explanation, blocks, block, formats, "filter"),
    checked(story, cell),
  ]);
}

/** The kernel as it is stored, for comparison with the turned one. */
function storedKernel({ story, layer }: LayerPlace, o: number, c: number, conv: Conv2d): Content {
  const [U, V] = conv.kernel;
  if (Math.max(U, V) > 9) return undefined;
  const name = `${layer.name}.weight`;
  const tensor = tensorOf(story, name);
  const { values } = planesOf(tensor)[o * tensor.shape[1] + (c % channelsOfGroup(conv))];
  return grid({
    caption: html`weights of filter ${o} as they are stored`,
    role: "weight",
    values: Array.from({ length: U }, (_, u) => Array.from({ length: V }, (_, v) => values[u * V + v])),
    format: formatFor(Array.from(values)),
    scale: scaleOf(name, tensor.data),
  });
}

function placeName([, , i, j]: readonly number[]): string {
  return `at row ${i}, column ${j}`;
}
