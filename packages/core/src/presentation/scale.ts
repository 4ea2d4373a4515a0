/** An axis whose numbers are round. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly number[];
  readonly digits: number;
}

/** Round numbers from below the smallest value to above the largest. @param most none is larger */
export function scaleOf(values: readonly number[], most: number): Scale {
  const largest = values.reduce((one, other) => Math.max(one, other), -Infinity);
  const smallest = values.reduce((one, other) => Math.min(one, other), Infinity);
  const spread = largest - smallest || Math.abs(largest) || 1;
  const power = 10 ** Math.floor(Math.log10(spread / 4));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power * 4.5 >= spread) ?? 10) * power;
  const last = Math.min(Math.ceil(largest / step), Math.floor(most / step + 1e-9));
  const first = Math.min(Math.floor(smallest / step), last - 1);
  const digits = Math.min(20, Math.max(0, Math.ceil(-Math.log10(step) + (step / power === 2.5 ? 1 : 0))));
  const ticks = Array.from({ length: last - first + 1 }, (_, k) => +((first + k) * step).toFixed(digits + 2));
  return { from: ticks[0], to: ticks[ticks.length - 1], ticks, digits };
}
