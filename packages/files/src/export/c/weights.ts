import type { Model, NamedTensors } from "unravel-cnn";
import { cFloat } from "../source/c.js";
import { isNormalized } from "../source/model.js";
import { filled, WIDTH } from "../source/wrap.js";
import type { CNames } from "./program.js";

/** An array of numbers that a program in C has. */
export interface CArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/** The weights of a network, and for layers that only multiply and add (batch normalisation): by what, and what. */
export function arraysOf(model: Model, parameters: NamedTensors): CArray[] {
  const { mean, std } = model.normalize;
  const pixels = [
    { name: "mean", shape: [mean.length], data: mean },
    { name: "deviation", shape: [std.length], data: std },
  ];
  const ofLayers = model.layers.flatMap(({ name, kind, resolved, parameters: learnt, state }): CArray[] => {
    const own = Object.fromEntries([...learnt, ...state].map((one) => [one.name, parameters[one.fullName]]));
    const affine = kind.affine?.(resolved, own);
    if (affine === undefined) {
      return learnt.map((one) => ({ name: `${name}_${one.name}`, ...own[one.name] }));
    }
    const shape = [affine.factor.length];
    return [
      { name: `${name}_factor`, shape, data: affine.factor },
      { name: `${name}_shift`, shape, data: affine.shift },
    ];
  });
  return [...(isNormalized(model) ? pixels : []), ...ofLayers];
}

/** The header with these arrays. */
export function cWeights(arrays: readonly CArray[], { file, prefix }: CNames): string {
  const guard = `${prefix.toUpperCase()}_WEIGHTS_H`;
  const lines = [
    `/* The weights of ${file}.h: constants, so that they stay in flash. */`,
    "",
    `#ifndef ${guard}`,
    `#define ${guard}`,
    "",
  ];
  for (const { name, shape, data } of arrays) {
    const start = `static const float ${prefix}_${name}[${data.length}] = {`;
    lines.push(
      `/* (${shape.join(", ")}) */`,
      ...(start.length <= WIDTH ? [start] : start.replace(" float ", " float\n    ").split("\n")),
    );
    // not as arguments, of which there can't be as many as a large network has lines
    for (const line of filled(Array.from(data, cFloat), "    ")) lines.push(line);
    lines.push("};", "");
  }
  return `${[...lines, "#endif"].join("\n")}\n`;
}
