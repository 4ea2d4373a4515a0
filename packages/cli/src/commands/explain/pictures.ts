import { type Cell, offsetOf, type Tensor, type Trace } from "unravel-cnn";
import { type Cells, halfBlocks } from "../../terminal/halfBlocks.js";
import { shortened, WIDTH } from "../../terminal/text.js";
import type { TerminalLook } from "./terminal.js";

const GAP = 2;

/** Of larger maps, every second (third, ...) pixel is shown. */
const LARGEST = 56;

const LONGEST_TITLE = 40;

interface Titled {
  readonly title: string;
  readonly width: number;
  readonly lines: readonly string[];
}

/** The picture and the followed map of each layer, side by side as far as there is room. */
export function pictures(trace: Trace, followed: Record<string, Cell>, look: TerminalLook): string[] {
  const names = ["x", ...trace.model.layers.map(({ name }) => `${name}.out`)];
  const maps = names
    .filter((name) => trace.tensors[name].shape.length === 4)
    .map((name): Titled => {
      const cells = mapOf(trace.tensors[name], followed[name].index[1]);
      const title = shortened(`${name}[0, ${followed[name].index[1]}]`, LONGEST_TITLE);
      return { title, width: Math.max(cells.width, title.length), lines: padded(cells, title, look) };
    });
  const rows: Titled[][] = [];
  for (const map of maps) {
    const row = rows[rows.length - 1];
    const used = row?.reduce((sum, { width }) => sum + width + GAP, 0) ?? WIDTH;
    if (row && used + map.width <= WIDTH) row.push(map);
    else rows.push([map]);
  }
  return rows.flatMap((row, k) => [...(k > 0 ? [""] : []), ...sideBySide(row)]);
}

/** The map, its lines as wide as the title. */
function padded(cells: Cells, title: string, { coloured }: TerminalLook): string[] {
  const room = " ".repeat(Math.max(0, title.length - cells.width));
  return halfBlocks(cells, coloured).map((line) => line + room);
}

function sideBySide(row: readonly Titled[]): string[] {
  const height = Math.max(...row.map(({ lines }) => lines.length));
  const gap = " ".repeat(GAP);
  const titles = row.map(({ title, width }) => title.padEnd(width)).join(gap);
  const lines = Array.from({ length: height }, (_, k) =>
    row.map(({ lines, width }) => lines[k] ?? " ".repeat(width)).join(gap),
  );
  return [titles, ...lines].map((line) => line.trimEnd());
}

/** One channel `[H, W]` of `[1, C, H, W]`. */
function mapOf({ shape, data }: Tensor, channel: number): Cells {
  const [, , H, W] = shape;
  const step = Math.ceil(Math.max(H, W) / LARGEST);
  const [height, width] = [Math.ceil(H / step), Math.ceil(W / step)];
  const first = offsetOf(shape, [0, channel, 0, 0]);
  const values = Array.from({ length: height * width }, (_, k) => {
    const [row, column] = [step * Math.floor(k / width), step * (k % width)];
    return data[first + row * W + column];
  });
  return { height, width, values };
}
