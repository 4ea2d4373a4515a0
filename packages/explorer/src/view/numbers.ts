/** Numbers as people read them: a real minus sign, figures that stand under each other. */

/** `0.8423`, `−12.31`, `1.2e−5`: about four figures that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(2) : value.toFixed(decimalsFor(size));
  return withMinus(text);
}

/** Two figures that count: for the ends of a scale. */
export function brief(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return short(value);
  const size = Math.abs(value);
  if (size >= 1e4 || size < 1e-3) return withMinus(value.toExponential(0).replace("+", ""));
  return withMinus(String(Number(value.toPrecision(2))));
}

/** How many decimals show about four figures of a number of this size. */
export function decimalsFor(size: number): number {
  if (!(size > 0) || !Number.isFinite(size)) return 3;
  return Math.min(9, Math.max(0, 3 - Math.floor(Math.log10(size))));
}

/** With so many decimals; what rounds to nothing has no sign. */
export function fixed(value: number, decimals: number): string {
  if (!Number.isFinite(value)) return short(value);
  const text = value.toFixed(decimals);
  return withMinus(Number(text) === 0 ? text.replace("-", "") : text);
}

/** `98.3%`; never 100% or 0% for what isn't. */
export function percent(share: number): string {
  if (share > 0.9995 && share < 1) return ">99.9%";
  if (share > 0 && share < 0.0005) return "<0.1%";
  return `${(share * 100).toFixed(1)}%`;
}

/** `13,610` */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `10¹³`, `10⁻⁴` */
export function powerOfTen(exponent: number): string {
  const raised = [...String(Math.abs(exponent))].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${raised}`;
}

function withMinus(text: string): string {
  return text.replace(/-/g, "−");
}
