import * as written from "unravel-cnn";

/* Numbers as the library writes them, with as many figures as there is room for on the page. */

/** `0.8423`, `−12.31`, `1.235×10⁻⁵`: four figures that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  return written.short(value, 4);
}

/** Two figures that count: for the ends of a scale. */
export function brief(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return withMinus(value.toExponential(0).replace("+", ""));
  return withMinus(String(Number(value.toPrecision(2))));
}

/** With so many decimals; what rounds to nothing has no sign. */
export function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? written.fixed(value, { decimals, exponent: 0 }) : short(value);
}

/** `98.3%`; never 100% or 0% for what isn't. */
export function percent(share: number): string {
  if (share > 0.9995 && share < 1) return ">99.9%";
  if (share > 0 && share < 0.0005) return "<0.1%";
  return `${(share * 100).toFixed(1)}%`;
}

/** What a network says of a class: a share of 1, or, where its loss makes none of the scores, the score itself. */
export const areShares = ({ loss }: written.Model): boolean => loss.words.probabilities === "probabilities";

export const said = (model: written.Model, value: number): string =>
  areShares(model) ? percent(value) : short(value);

function withMinus(text: string): string {
  return text.replace(/-/g, "−");
}
