import { type Content, html, type Markup } from "../../html.js";

/* Small drawings of functions, with the places where this image's numbers lie. */

const WIDTH = 320;
const HEIGHT = 150;
const MARGIN = 24;

interface PlotOptions {
  readonly name: string;
  /** What is drawn: from where to where, and how high. */
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
  readonly curve: (x: number) => number;
  readonly points: readonly { readonly x: number; readonly label: string }[];
  readonly xLabel: string;
}

/** The bend of a ReLU, with the numbers of the example. */
export function reluPlot(values: readonly number[]): Markup {
  const size = Math.max(...values.map(Math.abs), 1e-6) * 1.2;
  return plot({
    name: "zero up to zero, then straight upwards",
    x: [-size, size],
    y: [0, size],
    curve: (x) => Math.max(0, x),
    points: values.map((x) => ({ x, label: "" })),
    xLabel: "what comes in",
  });
}

/** Minus the logarithm of the probability, with this image's. */
export function lossPlot(probability: number): Markup {
  return plot({
    name: "high for small probabilities, 0 for probability 1",
    x: [0.004, 1],
    y: [0, 5.5],
    curve: (x) => -Math.log(x),
    points: [{ x: Math.max(0.004, probability), label: "" }],
    xLabel: "probability of the right class: 0 to 1",
  });
}

function plot({ name, x, y, curve, points, xLabel }: PlotOptions): Markup {
  const across = (value: number) =>
    +(MARGIN + ((value - x[0]) / (x[1] - x[0])) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const up = (value: number) =>
    +(HEIGHT - MARGIN - ((value - y[0]) / (y[1] - y[0])) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const line = Array.from({ length: 121 }, (_, k) => x[0] + (k / 120) * (x[1] - x[0]))
    .map((at) => `${across(at)},${up(Math.min(y[1], curve(at)))}`)
    .join(" ");
  const zero = x[0] < 0 ? across(0) : MARGIN;
  const drawn: Content = points.map(
    ({ x: at }) => html`<circle cx="${across(at)}" cy="${up(curve(at))}" r="5" fill="var(--mark)"/>`,
  );
  return html`<svg class="plot" role="img" aria-label="${name}" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"><path d="M${MARGIN} ${up(0)}H${WIDTH - MARGIN}M${zero} ${MARGIN / 2}V${HEIGHT - MARGIN}" stroke="var(--line)" fill="none"/><polyline points="${line}" fill="none" stroke="currentColor" stroke-width="2"/>${drawn}<text x="${WIDTH / 2}" y="${HEIGHT - 6}" text-anchor="middle">${xLabel}</text></svg>`;
}
