/*
 * Digits as chains of straight pieces, in heights of the digit: about 0 to 1 downwards, and around 0.3 to the right. Half of
 * them are written as school books have them (lines, circles, ellipses), the other half comes from the hand that draws the
 * project's digits. No picture of MNIST is among them.
 */

/** Part of an ellipse, angles in degrees, clockwise from the right as y points downwards. */
function arc(x, y, rx, ry, from, to) {
  const steps = Math.max(6, Math.ceil(Math.abs(to - from) / 8));
  return Array.from({ length: steps + 1 }, (_, k) => {
    const angle = ((from + ((to - from) * k) / steps) * Math.PI) / 180;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

/** Points along a cubic Bézier curve. */
function curve(a, b, c, d) {
  return Array.from({ length: 17 }, (_, k) => {
    const t = k / 16;
    const s = 1 - t;
    return [0, 1].map(
      (i) => s * s * s * a[i] + 3 * s * s * t * b[i] + 3 * s * t * t * c[i] + t * t * t * d[i],
    );
  });
}

const BOOK = [
  [() => [arc(0.3, 0.5, 0.3, 0.5, -90, 270)], () => [arc(0.3, 0.5, 0.36, 0.5, -70, 285)]],
  [
    () => [
      [
        [0.3, 0],
        [0.3, 1],
      ],
    ],
    () => [
      [
        [0.12, 0.24],
        [0.36, 0],
        [0.36, 1],
      ],
    ],
  ],
  [
    () => [
      [
        ...arc(0.3, 0.28, 0.28, 0.28, -170, 30),
        ...curve([0.54, 0.42], [0.44, 0.6], [0.2, 0.75], [0.03, 1]),
        [0.6, 1],
      ],
    ],
    () => [[...arc(0.3, 0.3, 0.3, 0.3, -150, 40), [0.02, 0.97], [0.62, 0.95]]],
  ],
  [
    () => [[...arc(0.28, 0.25, 0.26, 0.25, -150, 85), ...arc(0.26, 0.74, 0.31, 0.26, -85, 155)]],
    () => [
      [...arc(0.26, 0.26, 0.28, 0.26, -160, 70), [0.22, 0.49], ...arc(0.26, 0.73, 0.33, 0.27, -80, 165)],
    ],
  ],
  [
    () => [
      [
        [0.42, 0],
        [0, 0.66],
        [0.62, 0.66],
      ],
      [
        [0.44, 0.3],
        [0.42, 1],
      ],
    ],
    () => [
      [
        [0.12, 0.04],
        [0.04, 0.55],
        [0.56, 0.52],
      ],
      [
        [0.48, 0.06],
        [0.46, 1],
      ],
    ],
  ],
  [
    () => [[[0.56, 0.02], [0.12, 0.02], [0.07, 0.44], ...arc(0.27, 0.68, 0.31, 0.31, -130, 145)]],
    () => [
      [[0.1, 0.03], [0.08, 0.45], ...arc(0.26, 0.7, 0.32, 0.29, -120, 150)],
      [
        [0.1, 0.03],
        [0.58, 0],
      ],
    ],
  ],
  [
    () => [
      [...curve([0.46, 0], [0.2, 0.12], [0.02, 0.42], [0.02, 0.7]), ...arc(0.3, 0.7, 0.28, 0.3, 180, -180)],
    ],
    () => [
      [...curve([0.36, 0], [0.1, 0.25], [0, 0.5], [0.04, 0.74]), ...arc(0.28, 0.75, 0.25, 0.24, 180, -170)],
    ],
  ],
  [
    () => [
      [
        [0.02, 0.02],
        [0.6, 0.02],
        [0.22, 1],
      ],
    ],
    () => [[[0, 0.06], [0.58, 0.02], ...curve([0.58, 0.02], [0.42, 0.35], [0.26, 0.65], [0.24, 1])]],
  ],
  [
    () => [[...arc(0.3, 0.24, 0.24, 0.24, 90, 450), ...arc(0.3, 0.74, 0.3, 0.26, -90, 270)]],
    () => [
      [
        [0.54, 0.12],
        ...curve([0.5, 0.02], [0.1, -0.08], [0.02, 0.22], [0.3, 0.47]),
        ...curve([0.3, 0.47], [0.66, 0.72], [0.56, 1], [0.28, 1]),
        ...curve([0.28, 1], [-0.06, 0.98], [0.0, 0.7], [0.3, 0.47]),
        ...curve([0.3, 0.47], [0.56, 0.28], [0.56, 0.22], [0.54, 0.12]),
      ],
    ],
  ],
  [
    () => [
      [...arc(0.29, 0.28, 0.27, 0.28, 0, -360), ...curve([0.56, 0.28], [0.56, 0.6], [0.52, 0.8], [0.46, 1])],
    ],
    () => [[...arc(0.28, 0.27, 0.26, 0.27, -20, -350), [0.54, 0.2], [0.5, 1]]],
  ],
];

/**
 * A digit's strokes, moved and scaled so that they fill `[0, 1]` downwards and begin at 0 to the right.
 * @param hand draws digits as the project's own data set has them: `{ shapeDigit, distort, flatten, dice }`
 */
export function strokesOf(digit, dice, hand) {
  const written = dice.chance(0.5) ? byBook(digit, dice) : hand(digit, dice.whole(0, 1e6));
  const slant = dice.normal(0.08);
  const turn = dice.normal(0.04);
  const width = dice.between(0.88, 1.12);
  const moved = written.map((chain) =>
    chain.map(([x, y]) => {
      const leaning = width * x - slant * y;
      return [leaning - turn * y, y + turn * leaning];
    }),
  );
  const all = moved.flat();
  const left = Math.min(...all.map(([x]) => x));
  const top = Math.min(...all.map(([, y]) => y));
  const height = Math.max(...all.map(([, y]) => y)) - top;
  return moved.map((chain) => chain.map(([x, y]) => [(x - left) / height, (y - top) / height]));
}

/** With a slow wave over all of it, as no hand is a pair of compasses. */
function byBook(digit, dice) {
  const phase = dice.between(0, 6.3);
  const wave = dice.between(0, 0.018);
  return dice
    .pick(BOOK[digit])()
    .map((chain) =>
      chain.map(([x, y]) => [x + wave * Math.sin(5 * y + phase), y + wave * Math.cos(6 * x + phase)]),
    );
}
