import { type Colours, median } from "../picture.js";

/**
 * Colours minus the paper's colour at the same place.
 * @param ring indices of pixels that are paper, most of them
 * @param sloped whether the ring goes around the whole picture, so that light from one side shows
 * @returns `[height, width, channels]`
 */
export function subtractPaper(
  { width, height, channels, data }: Colours,
  ring: Uint32Array,
  sloped: boolean,
): Float32Array {
  const difference = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    const at = (k: number) => data[k * channels + c];
    const paper = sloped ? paperOf(at, ring, width, height) : flatPaper(at, ring);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const k = (y * width + x) * channels + c;
        difference[k] = data[k] - (paper.level + paper.perColumn * x + paper.perRow * y);
      }
    }
  }
  return difference;
}

interface Paper {
  readonly level: number;
  readonly perColumn: number;
  readonly perRow: number;
}

const flatPaper = (at: (k: number) => number, ring: Uint32Array): Paper => ({
  level: median(Float32Array.from(ring, at)),
  perColumn: 0,
  perRow: 0,
});

/**
 * The paper's brightness in one channel: a constant, or a slope where the light comes from one side. All from medians, which
 * don't mind ink on less than half of the border.
 */
function paperOf(at: (k: number) => number, ring: Uint32Array, width: number, height: number): Paper {
  const column = (k: number) => k % width;
  const row = (k: number) => Math.floor(k / width);
  const medianWhere = (within: (k: number) => boolean) => median(Float32Array.from(ring.filter(within), at));
  const flat = flatPaper(at, ring);
  if (width < 3 || height < 3) return flat;
  const perColumn =
    (medianWhere((k) => column(k) === width - 1) - medianWhere((k) => column(k) === 0)) / (width - 1);
  const perRow =
    (medianWhere((k) => row(k) === height - 1) - medianWhere((k) => row(k) === 0)) / (height - 1);
  if (perColumn === 0 && perRow === 0) return flat;
  const slope = (k: number) => perColumn * column(k) + perRow * row(k);
  const sloped = { level: median(Float32Array.from(ring, (k) => at(k) - slope(k))), perColumn, perRow };
  // A stroke along one edge looks like a slope too, but a slope explains the other edges better than a constant does.
  const misfit = ({ level, perColumn, perRow }: Paper) =>
    ring.reduce((sum, k) => sum + Math.abs(at(k) - level - perColumn * column(k) - perRow * row(k)), 0);
  return misfit(sloped) < 0.7 * misfit(flat) ? sloped : flat;
}
