import { indexAt } from "../../../cell.js";
import { type Content, html } from "../../../html.js";
import { scaleFor, signedScaleFor } from "../../../presentation/colours.js";
import { counted } from "../../../presentation/numbers.js";
import { legendOf, mapOf, mapRow, type Plane, planesOf } from "../maps.js";
import { followedCell, imageShapeBehind, type LayerPlace, tensorOf } from "../story.js";
import { strongest } from "../tensorMaps.js";

/* What a dense layer reads in a picture: its weights, and the products with what is there, laid out as the maps that were flattened. */

/** As many maps as fit next to each other. */
const MOST_MAPS = 8;

/** A unit's weights, what comes in, and the products, as maps. Nothing where what comes in never was an image. */
export function evidence(place: LayerPlace): Content {
  const { story, layer, input, output } = place;
  const shape = imageShapeBehind(place.story.trace, place.input);
  if (shape === undefined) return undefined;
  const unit = followedCell(story, output).index[1];
  const weight = tensorOf(story, `${layer.name}.weight`);
  const x = tensorOf(story, input).data;
  const own = weight.data.subarray(unit * x.length, (unit + 1) * x.length);
  const products = own.map((value, k) => value * x[k]);
  const [weights, inputs, contributions] = [own, x, products].map((data) => planesOf({ shape, data }));
  const shown = strongest(contributions, followedMap(place, shape), MOST_MAPS);
  const scales = [signedScaleFor([own]), scaleFor([x]), signedScaleFor([products])];
  const row = (planes: readonly Plane[], scale: (typeof scales)[number], name: string, caption: Content) =>
    mapRow(
      shown.map((c) => mapOf(planes[c], scale, { name: `${name}, map ${c}`, caption: `${c}` })),
      legendOf(scale, name),
      caption,
    );
  return [
    html`<h3>Laid out as pictures again</h3><p>The ${counted(x.length, "number")} of the row lay in ${counted(shape[0], "map")} before. So the weights of output ${unit} can be drawn as maps, too: where it wants to find something (orange), and where not (blue). Times what was found, that is the evidence.${shown.length < shape[0] && ` Shown are the ${shown.length} maps that count most.`}</p>`,
    row(weights, scales[0], `${layer.name}.weight[${unit}]`, "What it looks for: its weights,"),
    row(inputs, scales[1], input, "times what was found,"),
    row(
      contributions,
      scales[2],
      "products",
      html`is what speaks for it and against it: the sum of all these, and the bias, is <code>${output}[0, ${unit}]</code>.`,
    ),
  ];
}

/** Where number k of a row lay before it was flattened: `, map 2, row 8, column 5`. */
export function placeBehind(place: LayerPlace, k: number): Content {
  const shape = imageShapeBehind(place.story.trace, place.input);
  if (shape === undefined) return undefined;
  const [c, p, q] = indexAt(shape, k);
  return html` <small>map ${c}, row ${p}, column ${q}</small>`;
}

function followedMap({ story, input }: LayerPlace, shape: readonly number[]): number {
  return indexAt(shape, followedCell(story, input).index[1])[0];
}
