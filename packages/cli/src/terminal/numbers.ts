/** How numbers are written is the library's; here is what only the terminal needs. */
export { counted, whole } from "unravel-cnn";

/** `11.6 MB`, of a million bytes each. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `97.62%` */
export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)}%`;
}

/** Four significant digits: `0.08012`, `2.303`, `1.2e-7`. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const text = value.toPrecision(4);
  return text.includes("e") ? value.toExponential(1) : text;
}

/** For what is still to come: `0:07`, `12:30`, `1:02:30`. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const total = Math.round(seconds);
  const parts = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const [first, ...rest] = parts[0] > 0 ? parts : parts.slice(1);
  return [first, ...rest.map((part) => String(part).padStart(2, "0"))].join(":");
}

/** `0.02`, `0.001768` */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
