import type { Dataset } from "../data/dataset.js";
import { pngAddress } from "../explain/report/maps.js";
import { type Content, html, joined } from "../html.js";
import { short } from "../presentation/numbers.js";
import { sizeOf } from "../tensor.js";
import { type EvaluationSubject, share, type Topic } from "./subject.js";

/** Larger images are shown smaller, each pixel the mean of a block: a picture of the page is 112 pixels wide. */
const LARGEST_SIDE = 112;

/** The mistakes of which the network was surest, as pictures. */
export function mistakesTopic(subject: EvaluationSubject): Topic | undefined {
  const { model, data, scores, nameOf = (image) => `image ${image}` } = subject;
  if (scores === undefined || scores.mistakes.length === 0) return undefined;
  const isScore = model.loss.words.probabilities === "scores";
  const items = scores.mistakes.map(({ image, actual, predicted, probability }) => {
    const name = nameOf(image);
    const sure = isScore ? `score ${short(probability)}` : share(probability);
    return html`<li><img src="${address(data, image)}" alt="${name}"><p>taken for <b>${model.classes[predicted]}</b>, ${sure}</p><p>is <b>${model.classes[actual]}</b></p><p class="file">${breakable(name)}</p></li>`;
  });
  return {
    id: "mistakes",
    title: "The surest mistakes",
    content: html`<p>What the network was surest of, and wrong, the surest first; each picture as the network gets it. Look for labels that are wrong, and for what such pictures have in common.</p><ul class="mistakes">${items}</ul>`,
  };
}

/** A path that is broken where a folder ends, if it must be. */
const breakable = (path: string): Content => joined(path.split("/"), html`/<wbr>`);

/** An image as an address that holds it whole. Of other than three channels, the first is shown in grey. */
function address({ images, shape }: Dataset, image: number): string {
  const [channels, height, width] = shape;
  const from = image * sizeOf(shape);
  const step = Math.ceil(Math.max(height, width) / LARGEST_SIDE);
  const [rows, columns] = [Math.ceil(height / step), Math.ceil(width / step)];
  const data = new Uint8Array(3 * rows * columns);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      for (let c = 0; c < 3; c++) {
        const plane = images.subarray(from + (channels === 3 ? c : 0) * height * width);
        data[3 * (y * columns + x) + c] = blockMean(plane, height, width, y * step, x * step, step);
      }
    }
  }
  return pngAddress({ height: rows, width: columns, data });
}

function blockMean(
  plane: Uint8Array,
  height: number,
  width: number,
  top: number,
  left: number,
  step: number,
): number {
  const [bottom, right] = [Math.min(height, top + step), Math.min(width, left + step)];
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += plane[y * width + x];
  return Math.round(sum / ((bottom - top) * (right - left)));
}
