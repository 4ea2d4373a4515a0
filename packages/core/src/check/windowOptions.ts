import type { AnyLayerSpec } from "../layers/index.js";

/* The options of windows that people use, and how unusual they are. */

/** Strides and paddings of convolutions. */
export function convolutionOptions([height, width]: readonly number[]) {
  const options: { stride: number; padding: number | "same"; cost: number }[] = [];
  const half = height === width && height % 2 === 1 ? (height - 1) / 2 : undefined;
  for (const stride of [1, 2, 3, 4]) {
    const cost = stride - 1;
    options.push({ stride, padding: 0, cost });
    if (half) options.push({ stride, padding: half, cost: cost + 0.7 });
    else options.push({ stride, padding: "same", cost: cost + 0.7 });
    for (let padding = 1; padding < Math.max(height, width, 3); padding++) {
      if (padding !== half) options.push({ stride, padding, cost: cost + 1.5 });
    }
  }
  return options;
}

/** Pools of either type. */
export function poolOptions(type: "maxPool2d" | "averagePool2d"): { spec: AnyLayerSpec; cost: number }[] {
  return [
    { size: 2, cost: 0 },
    { size: 3, cost: 1 },
    { size: 3, stride: 2, cost: 1 },
    { size: 2, stride: 1, cost: 1.5 },
    { size: 4, cost: 1.2 },
    { size: 3, stride: 1, cost: 2 },
    { size: 3, stride: 2, padding: 1, cost: 2 },
  ].map(({ cost, ...options }) => ({ spec: { type, ...options }, cost }));
}
