import { Canvas } from "./canvas.mjs";

/* What styles are made of: inks, lines, light, sheets, and what a camera does. */

export const BLACK = [0, 0, 0];
export const PENCIL = [70, 70, 75];
export const BLUE = [25, 45, 150];
export const PAPER = [244, 241, 232];

/** The strokes in pixels: `size` of the shorter side high (a share, or a range of shares), anywhere where all of it can be seen. */
export function placed(dice, strokes, width, height, share = [0.42, 0.72], pen = 0) {
  const tall = dice.between(...share) * Math.min(width, height);
  const wide = tall * Math.max(...strokes.flat().map(([x]) => x));
  const margin = pen / 2 + 0.05 * Math.min(width, height);
  const left = dice.between(margin, Math.max(margin, width - wide - margin));
  const top = dice.between(margin, Math.max(margin, height - tall - margin));
  return strokes.map((chain) => chain.map(([x, y]) => [left + tall * x, top + tall * y]));
}

/** A picture with nothing but the digit. */
export const plain =
  (side, pen, { ink = BLACK, paper = [255, 255, 255], share } = {}) =>
  (dice, strokes) => {
    const width = dice.whole([side].flat()[0], [side].flat().at(-1));
    const height = dice.whole([side].flat()[0], [side].flat().at(-1));
    const thick = dice.between([pen].flat()[0], [pen].flat().at(-1));
    const canvas = new Canvas(width, height, paper);
    return canvas.strokes(placed(dice, strokes, width, height, share, thick), thick, ink);
  };

/** Lines across the picture, each from edge to edge, `every` pixels apart. */
export function lines(canvas, { every, from, pen, colour, slope = 0, upright = false, count = Infinity }) {
  const { width, height } = canvas;
  const along = upright ? height : width;
  const across = upright ? width : height;
  for (let n = 0, at = from; at < across + every && n < count; n++, at += every) {
    const ends = [
      [-5, at - 5 * slope],
      [along + 5, at + (along + 5) * slope],
    ];
    canvas.strokes([upright ? ends.map(([a, b]) => [b, a]) : ends], pen, colour);
  }
  return canvas;
}

/** A smooth step from 0 to 1. */
const step = (value) => 1 / (1 + Math.exp(-value));

/** A hand's shadow: everything beyond a bent line, its edge `soft` pixels wide. */
export function shadow(canvas, dice, depth, soft) {
  const { width, height } = canvas;
  const angle = dice.between(0, 2 * Math.PI);
  const [nx, ny] = [Math.cos(angle), Math.sin(angle)];
  const offset = dice.between(-0.25, 0.2) * Math.min(width, height);
  const bend = dice.between(-0.6, 0.6) / Math.min(width, height);
  return canvas.light((x, y) => {
    const [u, v] = [x - width / 2, y - height / 2];
    const side = -u * ny + v * nx;
    return 1 - depth * step((u * nx + v * ny - offset + bend * side * side) / soft);
  });
}

/** A turned sheet on a desk, and the digit on the sheet. */
export function sheetOnDesk(
  dice,
  strokes,
  { desk, grain = 0, paper = PAPER, ink = BLUE, turn = 0.15, size = [300, 640] },
) {
  const width = dice.whole(...size);
  const height = dice.whole(...size);
  const canvas = new Canvas(width, height, desk);
  if (grain > 0) {
    const phase = dice.between(0, 6);
    canvas.each((colour, x, y) =>
      colour.map((v) => v + grain * Math.sin(phase + y / 5 + 2 * Math.sin(x / 60))),
    );
  }
  const angle = dice.between(-turn, turn);
  const [w, h] = [dice.between(0.55, 0.8) * width, dice.between(0.55, 0.8) * height];
  const place = ([u, v]) => [
    width / 2 + (u * Math.cos(angle) - v * Math.sin(angle)),
    height / 2 + (u * Math.sin(angle) + v * Math.cos(angle)),
  ];
  const corners = [
    [-w / 2, -h / 2],
    [w / 2, -h / 2],
    [w / 2, h / 2],
    [-w / 2, h / 2],
  ].map(place);
  canvas.polygon(corners, paper);
  const pen = dice.between(0.012, 0.035) * Math.min(w, h) + 1;
  const chains = placed(dice, strokes, w, h, [0.4, 0.7], pen);
  const onSheet = chains.map((chain) => chain.map(([x, y]) => place([x - w / 2, y - h / 2])));
  return canvas.strokes(onSheet, pen, ink);
}

/** A box of four lines around the digit, `gap` of its size away from it. */
export function boxed(dice, strokes, { side, pen, line, ink, colour, gap = [0.12, 0.5] }) {
  const canvas = new Canvas(side, side, PAPER);
  const chains = placed(dice, strokes, side, side, [0.35, 0.5], pen + 0.35 * side);
  const xs = chains.flat().map(([x]) => x);
  const ys = chains.flat().map(([, y]) => y);
  const tall = Math.max(...ys) - Math.min(...ys);
  const grow = () => dice.between(...gap) * tall + pen;
  const [l, r] = [Math.min(...xs) - grow(), Math.max(...xs) + grow()];
  const [t, b] = [Math.min(...ys) - grow(), Math.max(...ys) + grow()];
  canvas.strokes(
    [
      [
        [l, t],
        [r, t],
        [r, b],
        [l, b],
        [l, t],
      ],
    ],
    line,
    colour,
  );
  return canvas.strokes(chains, pen, ink);
}

export function photograph(canvas, dice, { blur = 1, grain = 5, tilt = 0.2 } = {}) {
  const { width, height } = canvas;
  const [a, b] = [dice.between(-tilt, tilt), dice.between(-tilt, tilt)];
  canvas.light((x, y) => 0.82 + a * (x / width - 0.5) + b * (y / height - 0.5));
  return canvas.blur(blur).noise(dice, grain);
}
