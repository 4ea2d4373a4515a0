/*
 * Small drawings as SVG, for the pages under docs/: tables of numbers, arrows, curves. They bring their own paper, light or dark as
 * the reader's system is, and never say anything by colour alone.
 */

/** What stands in a drawing: SVG elements, in the order in which they lie over each other. */
export type Shapes = readonly string[];

/** Light and dark paper; ink; `up` for what is above zero or positive, `down` for what is below, `mark` for what is meant. */
const STYLE = `
  .paper { fill: #fbfbf9 } .ink { fill: #1d2327 } .quiet { fill: #566069 } .line { stroke: #566069; fill: none }
  .cell { stroke: #c4cacd; fill: none } .up { fill: #c25a00 } .down { fill: #0b5cad } .grey { fill: #1d2327 }
  .mark { stroke: #b0006d; fill: none; stroke-width: 2.5 } .marked { fill: #b0006d } .one { stroke: #b0006d } .two { stroke: #0b5cad }
  .one, .two { fill: none; stroke-width: 2.5 } .first { fill: #b0006d } .second { fill: #0b5cad }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #15191c } .ink { fill: #e8ecee } .quiet { fill: #a5b0b8 } .line { stroke: #a5b0b8 }
    .cell { stroke: #454d53 } .up { fill: #ffb25e } .down { fill: #7fb8ff } .grey { fill: #e8ecee }
    .mark { stroke: #ff86cf } .marked { fill: #ff86cf } .one { stroke: #ff86cf } .two { stroke: #7fb8ff }
    .first { fill: #ff86cf } .second { fill: #7fb8ff }
  }
  text { font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; font-size: 13px }
  .number { font-size: 11px; text-anchor: middle; font-variant-numeric: tabular-nums } .small { font-size: 11px }
  .middle { text-anchor: middle } .end { text-anchor: end } .head { font-weight: 600 }`;

/** A whole drawing. `title` is for who can't see it. */
export function drawing(width: number, height: number, title: string, shapes: Shapes): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<title>${escaped(title)}</title>
<style>${STYLE}
</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
${shapes.join("\n")}
</svg>
`;
}

export function text(x: number, y: number, words: string, look = "ink"): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${look}">${escaped(words)}</text>`;
}

export interface Table {
  /** Where its top left corner lies, and how wide a cell is. */
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  /** Row-major. */
  readonly values: readonly number[];
  readonly columns: number;
  /** Above it. */
  readonly name?: string;
  /** `grey`: ink as on paper, 1 is full. `signed`, the default: above zero and below in two colours, the largest is full. */
  readonly colours?: "grey" | "signed";
  /** Numbers at most this far after the point; default 4. */
  readonly digits?: number;
}

/** A table of numbers, each on a tint that says how large it is. */
export function table({ x, y, cell, values, columns, name, colours = "signed", digits = 4 }: Table): Shapes {
  const largest = colours === "grey" ? 1 : Math.max(...values.map(Math.abs)) || 1;
  const cells = values.flatMap((value, k) => {
    const [left, top] = [x + (k % columns) * cell, y + Math.floor(k / columns) * cell];
    const look = colours === "grey" ? "grey" : value < 0 ? "down" : "up";
    const strength = (0.42 * Math.abs(value)) / largest;
    return [
      `<rect x="${left}" y="${top}" width="${cell}" height="${cell}" class="${look}" fill-opacity="${round(strength)}"/>`,
      `<rect x="${left}" y="${top}" width="${cell}" height="${cell}" class="cell"/>`,
      text(left + cell / 2, top + cell / 2 + 4, String(Number(value.toFixed(digits))), "ink number"),
    ];
  });
  const width = columns * cell;
  return name === undefined ? cells : [text(x + width / 2, y - 10, name, "ink middle head"), ...cells];
}

/** The outline of some cells of a table. */
export function outline(
  { x, y, cell }: Pick<Table, "x" | "y" | "cell">,
  row: number,
  column: number,
  rows = 1,
  columns = rows,
  look = "mark",
): string {
  return `<rect x="${x + column * cell}" y="${y + row * cell}" width="${columns * cell}" height="${rows * cell}" rx="2" class="${look}"/>`;
}

/** An arrow between two points, with words over it. */
export function arrow(x1: number, y1: number, x2: number, y2: number, words?: string): Shapes {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(6 * (x2 - x1)) / length, (6 * (y2 - y1)) / length];
  const barb = (side: number) => `${round(x2 - dx - side * dy * 0.7)} ${round(y2 - dy + side * dx * 0.7)}`;
  const shaft = `<path d="M${x1} ${y1}L${x2} ${y2}M${barb(1)}L${x2} ${y2}L${barb(-1)}" class="line"/>`;
  return words === undefined
    ? [shaft]
    : [shaft, text((x1 + x2) / 2, (y1 + y2) / 2 - 8, words, "quiet small middle")];
}

/** Where numbers lie in a chart. */
export interface Axes {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: readonly [from: number, to: number];
  readonly y: readonly [from: number, to: number];
}

export function placeOf({ left, right, top, bottom, x, y }: Axes, [a, b]: readonly [number, number]) {
  return [
    left + ((a - x[0]) / (x[1] - x[0])) * (right - left),
    bottom - ((b - y[0]) / (y[1] - y[0])) * (bottom - top),
  ] as const;
}

/** Two axes with numbers at these places, and what they mean. */
export function axes(
  of: Axes,
  xs: readonly number[],
  ys: readonly number[],
  xName: string,
  yName: string,
): Shapes {
  const { left, right, top, bottom, x, y } = of;
  return [
    `<path d="M${left} ${top}V${bottom}H${right}" class="line"/>`,
    ...xs.map((at) => text(placeOf(of, [at, y[0]])[0], bottom + 18, String(at), "quiet small middle")),
    ...ys.map((at) => text(left - 8, placeOf(of, [x[0], at])[1] + 4, String(at), "quiet small end")),
    text((left + right) / 2, bottom + 36, xName, "quiet middle"),
    text(left, top - 12, yName, "quiet"),
  ];
}

export function curve(of: Axes, points: readonly (readonly [number, number])[], look: string): string {
  const path = points.map((point) => placeOf(of, point).map(round).join(" ")).join("L");
  return `<path d="M${path}" class="${look}"/>`;
}

export function dot(of: Axes, point: readonly [number, number], look: string): string {
  const [x, y] = placeOf(of, point);
  return `<circle cx="${round(x)}" cy="${round(y)}" r="4" class="${look}"/>`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
