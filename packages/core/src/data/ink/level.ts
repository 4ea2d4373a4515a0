/** What full ink is: the value that a tenth of the ink exceeds. Ink is what Otsu's method parts from the fainter rest. */
export function fullInk(along: Float32Array, noise: number): number {
  const candidates = along.filter((value) => value > noise);
  if (candidates.length === 0) return 0;
  candidates.sort();
  const first = otsu(candidates);
  return candidates[first + Math.floor(0.9 * (candidates.length - 1 - first))];
}

/** The index that parts sorted values into two groups whose means differ most, weighted by their sizes (N. Otsu, 1979). */
function otsu(sorted: Float32Array): number {
  const total = sorted.reduce((sum, value) => sum + value, 0);
  let below = 0;
  let best = 0;
  let split = 0;
  for (let k = 1; k < sorted.length; k++) {
    below += sorted[k - 1];
    const gap = (total - below) / (sorted.length - k) - below / k;
    const between = k * (sorted.length - k) * gap * gap;
    if (between > best) {
      best = between;
      split = k;
    }
  }
  return split;
}
