const SIDE = 28;

/** The box around everything that isn't paper, in a picture of 28x28. */
export function boxOf(digit: Uint8Array): {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
} {
  const inked = Array.from(digit.keys()).filter((k) => digit[k] > 0);
  const columns = inked.map((k) => k % SIDE);
  const rows = inked.map((k) => Math.floor(k / SIDE));
  const [left, top] = [Math.min(...columns), Math.min(...rows)];
  return { left, top, width: Math.max(...columns) - left + 1, height: Math.max(...rows) - top + 1 };
}

/** The centre of mass, in pixels. */
export function centreOf(digit: Uint8Array): { readonly x: number; readonly y: number } {
  let mass = 0;
  let x = 0;
  let y = 0;
  for (const [k, value] of digit.entries()) {
    mass += value;
    x += value * (k % SIDE);
    y += value * Math.floor(k / SIDE);
  }
  return { x: x / mass, y: y / mass };
}
