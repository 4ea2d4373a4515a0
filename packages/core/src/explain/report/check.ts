import type { Cell } from "../../cell.js";
import { html, type Markup } from "../../html.js";
import { fixed, formatFor, magnitudeOf, powerOf } from "../../presentation/numbers.js";
import { address, isPart, once, type Story, valueAt } from "./story.js";

/**
 * A gradient compared with what trying gives: the number is made a little smaller and a little larger, and the loss is
 * computed again each time.
 * @param cell of a gradient: `grad.conv1.weight[...]`
 */
export function checked(story: Story, cell: Cell): Markup | undefined {
  if (isPart(cell.tensor)) return undefined; // the slope along the number is that of all its ways together
  const { moved, step, above, below, slope, kink } = story.tried(cell);
  const gradient = valueAt(story, cell);
  const format = formatFor([gradient, slope], 6);
  const written = (value: number) => html`<b>${fixed(value, format)}${powerOf(format)}</b>`;
  const difference = Math.abs(above - below);
  // as many digits as it takes to see the two losses differ
  const decimals = difference === 0 ? 6 : Math.max(6, Math.min(15, 3 - magnitudeOf(difference)));
  const loss = (value: number) => fixed(value, { decimals, exponent: 0 });
  return html`<p class="check"><b>Tried out:</b> ${address(moved)} changed by −${plain(step)} and by +${plain(step)}: the loss becomes ${loss(below)} and ${loss(above)}. Their difference, divided by ${plain(2 * step)}, is a slope of ${written(slope)}; worked out backward it is ${written(gradient)}.${
    kink &&
    html` (Even so small a change makes ${address(kink)} go another way: there is a bend just here, and the slope by trying is not to be trusted.)`
  } ${once(
    story,
    "finite difference",
    html`This is a <dfn>finite difference</dfn>: it takes two whole forward passes for a single number, while the way back gets the slopes of all numbers at once. That is why nobody trains by trying, and why everybody should check by trying.`,
  )}</p>`;
}

/** A small number without an exponent: `0.00000763`. */
function plain(value: number): string {
  return fixed(value, { decimals: 2 - magnitudeOf(value), exponent: 0 });
}
