import { formatShape } from "../tensor.js";
import type { NamedArrays } from "./names.js";
import { filterReadings } from "./weights.js";

/** What to say if the filters of a convolution lack a dimension, so that nobody can know what they are. */
export function missingDimension({ arrays, counts }: NamedArrays): string | undefined {
  const nameOf = (k: number) => `conv${k}.weight`;
  for (let k = 1; k <= (counts.conv ?? 0); k++) {
    const shape = weightShape(arrays, nameOf(k));
    if (!shape || shape.length === 4) continue;
    const before = weightShape(arrays, nameOf(k - 1));
    const usual = filterReadings(before ?? []).slice(0, 2); // [out, in, ...] and [..., in, out]
    const oneChannel = k === 1 || usual.some((reading) => reading.shape[0] === 1);
    if (oneChannel && filterReadings(shape).length > 0) continue;
    const missing =
      k > 1 && shape.length === 3
        ? `; the channels are missing: there are as many as conv${k - 1} has filters, and each needs a kernel of its own`
        : "";
    return `${nameOf(k)} has shape ${formatShape(shape)}, ${shape.length} dimensions, but filters have four: [filters, channels, height, width]${missing}.`;
  }
  return undefined;
}

/**
 * Why no network fits, in a sentence.
 * @param images how many there would be if the labels were not looked at
 */
export function whyNoNetwork({ arrays, counts }: NamedArrays, images: number | undefined): string {
  const y = arrays.get("y");
  if (y && images !== undefined) {
    const labels = y.shape.length > 1 ? `shape ${formatShape(y.shape)}` : `${y.data.length} labels`;
    return `y has ${labels}, but x has ${images} ${images === 1 ? "image" : "images"}; save the labels of just these images.`;
  }
  const convolutions = Array.from({ length: counts.conv ?? 0 }, (_, k) => `conv${k + 1}.weight`);
  const shapes = ["x", ...convolutions, "fc1.weight"].flatMap((name) => {
    const shape = name === "x" ? arrays.get("x")?.shape : weightShape(arrays, name);
    return shape ? [`${name} ${formatShape(shape)}`] : [];
  });
  return `No network has these shapes: ${shapes.join(", ")}; give it with --model, or see which shape is wrong.`;
}

function weightShape(arrays: NamedArrays["arrays"], name: string): readonly number[] | undefined {
  return (arrays.get(name) ?? arrays.get(`grad.${name}`) ?? arrays.get(`new.${name}`))?.shape;
}
