/**
 * How far each pixel lies in the direction of the ink, in grey levels: negative on the other side of the paper. The direction
 * is the mean of all differences, the large ones counting most, so that noise on both sides of the paper cancels out.
 * Undefined where nothing differs.
 */
export function projectOnInk(difference: Float32Array, channels: number): Float32Array | undefined {
  const direction = new Float64Array(channels);
  const pixels = difference.length / channels;
  for (let k = 0; k < pixels; k++) {
    let square = 0;
    for (let c = 0; c < channels; c++) square += difference[k * channels + c] * difference[k * channels + c];
    for (let c = 0; c < channels; c++) direction[c] += difference[k * channels + c] * square;
  }
  let length = 0;
  for (const part of direction) length += part * part;
  if (length === 0) return undefined;
  // Divided by the root of the channels too, so that a grey picture gives the same as one with three equal channels.
  const scale = 1 / (Math.sqrt(length) * Math.sqrt(channels));
  const along = new Float32Array(pixels);
  for (let k = 0; k < pixels; k++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += difference[k * channels + c] * direction[c];
    along[k] = sum * scale;
  }
  return along;
}
