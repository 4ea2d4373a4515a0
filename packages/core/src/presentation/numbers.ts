/*
 * Numbers as people read and add them. A sum is shown with as many decimals for each term, and what rounding leaves over
 * is a line of its own, so that whoever adds what is shown gets what is shown.
 */

const MINUS = "−";

/** How numbers that belong together are written: as `value * 10^-exponent` with so many decimals. */
export interface NumberFormat {
  readonly decimals: number;
  /** 0 unless the numbers are so small or large that each would have too many digits. */
  readonly exponent: number;
}

/** A format that gives the largest of the numbers `digits` significant digits, and numbers below 1000 three decimals. */
export function formatFor(values: ArrayLike<number>, digits = 4): NumberFormat {
  const largest = largestSize(values);
  if (largest === 0) return { decimals: 0, exponent: 0 };
  const magnitude = magnitudeOf(largest);
  if (magnitude < -3 || magnitude > 5) return { decimals: digits - 1, exponent: magnitude };
  return { decimals: Math.max(magnitude < 3 ? 3 : 0, digits - 1 - magnitude), exponent: 0 };
}

/** The largest of the numbers without their signs; NaN and infinities don't count. */
export function largestSize(values: ArrayLike<number>): number {
  let largest = 0;
  for (let k = 0; k < values.length; k++) {
    const size = Math.abs(values[k]);
    if (Number.isFinite(size) && size > largest) largest = size;
  }
  return largest;
}

/** The exponent of the number's first digit: 2 for 123, -2 for 0.05; at least -300, whose power can still be divided by. */
export function magnitudeOf(value: number): number {
  return value === 0 ? 0 : Math.max(-300, Number(value.toExponential().split("e")[1]));
}

/** `−0.0213` */
export function fixed(value: number, { decimals, exponent }: NumberFormat): string {
  if (!Number.isFinite(value)) return String(value).replace("-", MINUS);
  const scaled = value / 10 ** exponent;
  if (Math.abs(scaled) >= TOO_LONG) return short(scaled, 4);
  const text = withDecimals(scaled, decimals);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", MINUS);
}

/** What a number is as it is shown, in units of its last decimal: whole numbers add without a rest. */
export function units(value: number, { decimals, exponent }: NumberFormat): number {
  return Math.round(Number(withDecimals(value / 10 ** exponent, decimals)) * 10 ** decimals);
}

/** From here on `toFixed` writes `1e+21`. */
const TOO_LONG = 1e21;

/** `toFixed`, which takes 0 to 100 decimals only. */
function withDecimals(value: number, decimals: number): string {
  return value.toFixed(Math.max(0, Math.min(100, decimals)));
}

/** The number of so many units of the last decimal. */
export function fromUnits(count: number, { decimals, exponent }: NumberFormat): number {
  return (count / 10 ** decimals) * 10 ** exponent;
}

/** What is missing between the terms as they are shown, added, and the total as it is shown; 0 where nothing is. */
export function roundingOf(terms: Iterable<number>, total: number, format: NumberFormat): number {
  let sum = 0;
  for (const term of terms) sum += units(term, format);
  return fromUnits(units(total, format) - sum, format);
}

/** A number on its own: `0.842`, `−12.5`, `3.12×10⁻⁵`, `1`. */
export function short(value: number, digits = 3): string {
  if (Number.isInteger(value) && Math.abs(value) < 1000) return String(value).replace("-", MINUS);
  if (!Number.isFinite(value)) return fixed(value, { decimals: 0, exponent: 0 });
  const magnitude = magnitudeOf(value);
  const format =
    magnitude < -3 || magnitude > 5
      ? { decimals: digits - 1, exponent: magnitude }
      : { decimals: Math.max(0, digits - 1 - magnitude), exponent: 0 };
  return `${fixed(value, format)}${powerOf(format)}`;
}

/** `×10⁻⁵`, or nothing where the exponent is 0. */
export function powerOf({ exponent }: NumberFormat): string {
  return exponent === 0 ? "" : `×${powerOfTen(exponent)}`;
}

/** `10¹³`, `10⁻⁴` */
export function powerOfTen(exponent: number): string {
  return `10${superscript(exponent)}`;
}

function superscript(value: number): string {
  return [...String(value)].map((digit) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(digit)]).join("");
}

/** `13,610`. By hand, because the first number that Intl formats takes it 40 ms. */
export function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `98.71%`; never 100% or 0% unless it is. */
export function percent(share: number): string {
  const text = (100 * share).toFixed(2);
  if (share < 1 && text === "100.00") return "over 99.99%";
  if (share > 0 && text === "0.00") return "under 0.01%";
  return `${text.replace(".00", "")}%`;
}

/** `1 filter`, `8 filters`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${whole(count)} ${count === 1 ? noun : plural}`;
}

/** `8 × 26 × 26` */
export function times(shape: readonly number[]): string {
  return shape.map(whole).join(" × ");
}

/** So many decimals that the smallest of two summands shows, and that they add up to the total as they are written. */
export function formatThatAdds(summands: readonly number[], total: number): NumberFormat {
  const smallest = Math.min(...summands.map((value) => Math.abs(value) || Infinity));
  const least = Number.isFinite(smallest) ? Math.max(4, Math.min(12, 2 - magnitudeOf(smallest))) : 4;
  const formats = [0, 1, 2, 3].map((more) => ({ decimals: least + more, exponent: 0 }));
  return formats.find((format) => roundingOf(summands, total, format) === 0) ?? formats[0];
}
