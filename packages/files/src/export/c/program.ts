import { InputError, type Model, sizeOf } from "unravel-cnn";
import { known } from "../../known.js";
import { cComment, cLines, cRemark, cStrings, inComment } from "../source/c.js";
import { rowOf } from "../source/layers.js";
import { isNormalized } from "../source/model.js";
import { styleOf } from "../source/style.js";
import { filled, paragraph, type Remarked, WIDTH } from "../source/wrap.js";
import { type CFunctionName, cFunctions } from "./functions.js";
import { type CLayer, cLayers } from "./layers.js";
import { type Memory, planMemory } from "./memory.js";

/* A network as one header in C99, which needs no allocation, no file and no library but C's own. */

/** How a program's parts are called. */
export interface CNames {
  /** The header's name without its ending. */
  readonly file: string;
  /** What functions begin with, without the `_`. */
  readonly prefix: string;
  /** The name of the header with the weights. */
  readonly weights: string;
}

/**
 * The header.
 * @param flash how many numbers its weights have
 */
export function cProgram(model: Model, names: CNames, flash: number): string {
  const { prefix } = names;
  const memory = planMemory(model);
  const style = styleOf(model);
  const used = usedFunctions(model);
  const definitions = Object.entries(cFunctions)
    .filter(([name]) => used.has(name as CFunctionName))
    .map(([, lines]) => lines(style).map((line) => line.replaceAll("@", `${prefix}_`)));
  const network = forward(model, prefix, memory);
  const guard = `${prefix.toUpperCase()}_H`;
  const sections: readonly (readonly string[])[] = [
    about(model, names, memory, flash),
    [
      `#ifndef ${guard}`,
      `#define ${guard}`,
      "",
      ...includes(network),
      "",
      `#include "${names.weights}"`,
      "",
      `#define ${prefix.toUpperCase()}_INPUTS ${sizeOf(model.inputShape)}`,
      `#define ${prefix.toUpperCase()}_CLASSES ${model.classes.length}`,
    ],
    classNames(model, prefix),
    ...(memory.size > 0
      ? [
          [
            "/* The outputs of the layers. Those that are never needed at the same time share a place. */",
            `static float ${prefix}_memory[${memory.size}];`,
          ],
        ]
      : []),
    ...definitions,
    network,
    predict(model, prefix),
    ["#endif"],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function about(model: Model, { file, prefix, weights }: CNames, memory: Memory, flash: number): string[] {
  const bytes = (numbers: number) => `${(4 * numbers).toLocaleString("en-US")} bytes`;
  const shape = model.inputShape.join(" x ");
  const inputs = sizeOf(model.inputShape);
  const upper = prefix.toUpperCase();
  const text = (words: string) => paragraph(words, "", 90);
  return cComment([
    ...text(
      `A convolutional network in C99 (it is C++, too). It needs this file, ${weights} beside it, and the mathematics of C (-lm).`,
    ),
    "",
    ...text(
      `Flash: ${bytes(flash)} of weights. RAM: ${bytes(memory.size)} for the outputs of its layers, besides the ${bytes(inputs)} of an image and the ${bytes(model.classes.length)} of its scores. Nothing is allocated. An int must have 32 bits.`,
    ),
    "",
    ...text(
      "Include it in one source file: its memory is static, so each file that includes it gets one of its own, and two calls must not run at the same time.",
    ),
    "",
    "    #include <stdio.h>",
    `    #include "${file}.h"`,
    "",
    "    int main(void)",
    "    {",
    `        static float pixels[${upper}_INPUTS]; // ${shape}, from 0 to 1: bytes / 255.0f`,
    `        float probs[${upper}_CLASSES];`,
    `        int winner = ${prefix}_predict(pixels, probs);`,
    `        printf("%s %.4f\\n", ${prefix}_classes[winner], (double)probs[winner]);`,
    "        return 0;",
    "    }",
  ]);
}

/** What the lines of the program call, besides mathematics. */
const includes = (lines: readonly string[]): string[] => [
  "#include <math.h>",
  "#include <stddef.h>",
  ...(lines.some((line) => line.includes("memcpy(")) ? ["#include <string.h>"] : []),
];

/** The most characters of a string that every C99 compiler must take. */
const LONGEST_STRING = 4095;

function classNames({ classes }: Model, prefix: string): string[] {
  for (const [k, name] of classes.entries()) {
    if (new TextEncoder().encode(name).length <= LONGEST_STRING) continue;
    throw new InputError(
      `The name of class ${k} is longer than ${LONGEST_STRING} bytes, which C has no string for; give it a shorter one.`,
    );
  }
  const isPlain = classes.every((name) => /^[ -~]{0,40}$/.test(name));
  const lines = isPlain
    ? filled(
        classes.map((name) => cStrings(name, 90)[0]),
        "    ",
      )
    : classes.flatMap(className);
  return [`static const char *const ${prefix}_classes[${classes.length}] = {`, ...lines, "};"];
}

/** A name that may be long, or not ASCII: then a comment says it. */
function className(name: string): string[] {
  const literals = cStrings(name, 90);
  const last = `    ${literals[literals.length - 1]},`;
  const comment = ` /* ${inComment(name)} */`;
  const isSaid = !/^[ -~]*$/.test(name) && last.length + comment.length <= WIDTH;
  return [...literals.slice(0, -1).map((literal) => `    ${literal}`), isSaid ? last + comment : last];
}

function forward(model: Model, prefix: string, memory: Memory): string[] {
  /** The arrays that have a name of their own, by their tensors. */
  const values = new Map<string, string>();
  const style = styleOf(model);
  const declarations: Remarked[] = [];
  const statements: Remarked[] = [];
  const place = (tensor: string) => {
    const at = memory.placeOf(tensor);
    if (typeof at === "string") return at;
    return at === 0 ? `${prefix}_memory` : `${prefix}_memory + ${at}`;
  };
  const declare = (tensor: string, name: string, shape: readonly number[]) => {
    const at = place(tensor);
    values.set(tensor, at === "scores" ? at : name);
    if (at === "scores") return;
    const before = memory.inPlaceOf(tensor);
    const from = before === undefined ? at : known(values.get(before));
    const comment = `(${shape.join(", ")})${before === undefined ? "" : ", in place"}`;
    declarations.push({ code: `float *const ${name} = ${from};`, comment });
  };
  values.set("x", "pixels");
  const [channels, height, width] = model.inputShape;
  if (isNormalized(model)) {
    declare("x", "x", model.inputShape);
    statements.push({
      code: `${prefix}_normalise(pixels, ${channels}, ${height * width}, ${prefix}_mean, ${prefix}_deviation, ${values.get("x")});`,
    });
  }
  for (const layer of model.layers) {
    const inputs = layer.inputs.map((tensor) => known(values.get(tensor)));
    if (memory.isAlias(layer.output)) {
      values.set(layer.output, inputs[0]);
      statements.push({ code: `/* ${layer.name}: the same numbers in a row */` });
      continue;
    }
    declare(layer.output, `${layer.name}_out`, layer.outputShape);
    const output = known(values.get(layer.output));
    const row = rowOf<CLayer>(cLayers, layer);
    for (const code of row.statements(layer, {
      prefix: `${prefix}_`,
      inputs,
      output,
      style,
    })) {
      statements.push({ code, comment: `${layer.name} (${layer.outputShape.join(", ")})` });
    }
  }
  if (memory.placeOf(model.output) === "pixels") {
    // as they were given
    statements.push({ code: `memcpy(scores, pixels, ${model.classes.length} * sizeof(float));` });
  }
  return [
    ...cRemark(
      `From pixels, (${model.inputShape.join(", ")}) numbers from 0 to 1, channel by channel and row by row, to scores.`,
    ),
    `static inline void ${prefix}_forward(const float *pixels, float *scores)`,
    "{",
    ...cLines(declarations),
    ...(declarations.length > 0 ? [""] : []),
    ...cLines(statements),
    "}",
  ];
}

interface CLoss {
  readonly function?: CFunctionName;
  readonly says: string;
  readonly statement?: (prefix: string) => string;
}

const losses: Readonly<Record<string, CLoss>> = {
  softmaxCrossEntropy: {
    function: "softmax",
    says: "The probability of each class.",
    statement: (prefix) => `${prefix}_softmax(probs, ${prefix.toUpperCase()}_CLASSES);`,
  },
  meanSquaredError: { says: "The score of each class, about as its probability." },
  binaryCrossEntropy: {
    function: "sigmoid",
    says: "The probability of each class, by itself.",
    statement: (prefix) => `${prefix}_sigmoid(probs, ${prefix.toUpperCase()}_CLASSES, probs);`,
  },
};

/** @throws InputError for a loss that isn't known here */
function cLoss({ loss }: Model): CLoss {
  if (Object.hasOwn(losses, loss.type)) return losses[loss.type];
  throw new InputError(`A program in C can't have the loss ${JSON.stringify(loss.type)} yet.`);
}

function predict(model: Model, prefix: string): string[] {
  const { says, statement } = cLoss(model);
  const classes = `${prefix.toUpperCase()}_CLASSES`;
  return [
    ...cRemark(`${says} Returns the number of the class with the largest one.`),
    `static inline int ${prefix}_predict(const float *pixels, float *probs)`,
    "{",
    "    int winner = 0;",
    `    ${prefix}_forward(pixels, probs);`,
    ...(statement ? [`    ${statement(prefix)}`] : []),
    `    for (int k = 1; k < ${classes}; k++) {`,
    "        if (probs[k] > probs[winner]) winner = k;",
    "    }",
    "    return winner;",
    "}",
  ];
}

function usedFunctions(model: Model): Set<CFunctionName> {
  const { function: ofLoss } = cLoss(model);
  return new Set([
    ...(isNormalized(model) ? (["normalise"] as const) : []),
    ...model.layers.flatMap((layer) => rowOf<CLayer>(cLayers, layer).functions(layer)),
    ...(ofLoss === undefined ? [] : [ofLoss]),
  ]);
}
