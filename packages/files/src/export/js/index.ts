import { compileForward, InputError, type Model, readsHandwriting, type SavedModel } from "unravel-cnn";
import type { ExportFormat, ExportSettings } from "../format.js";
import { declarations } from "./declarations.js";
import { MARK } from "./mark.js";
import { pack, packPass } from "./pack.js";
import type { Facts } from "./runtime/facts.js";
import { probabilities } from "./runtime/probabilities.js";
import type { RuntimeName } from "./runtimeName.js";

/** Browsers compile no more at once. */
const MOST_CODE = 8 * 2 ** 20;

/** An ES module that computes a network by itself. */
export const jsFormat: ExportFormat = {
  what: "an ES module with the network and its weights in it, for pages, workers, Node, Deno and Bun, and its types",
  ending: ".js",
  options: ["weights", "accuracy"],
  isOurs: (head) => head.startsWith(MARK),
  async write(saved, settings) {
    const text = new TextEncoder();
    const facts = factsOf(saved, settings);
    const runtime = runtimeFor(saved.model, "clean");
    const { name } = settings;
    return [
      { name: `${name}.js`, bytes: text.encode(await moduleText(facts, runtime)) },
      { name: `${name}.d.ts`, bytes: text.encode(declarations(facts, runtime)) },
    ];
  },
};

/**
 * What a module, or a page, has to carry.
 * @throws InputError if a layer has no kernel, a weight is beyond what its kind of number holds, or there is too much of it
 */
export function factsOf(saved: SavedModel, { name, weights, accuracy }: ExportSettings): Facts {
  const program = compileForward(saved, MOST_CODE);
  const { classes, inputShape, normalize, loss, pictures, parameterCount, multiplyAdds } = saved.model;
  if (!Object.hasOwn(probabilities, loss.type))
    throw new InputError(`An exported module knows no probabilities for the loss ${loss.type}.`);
  if (program.bytes.length > MOST_CODE)
    throw new InputError(
      `The network's code takes ${program.bytes.length.toLocaleString("en-US")} bytes, more than the ${MOST_CODE.toLocaleString("en-US")} that browsers compile at once; use fewer layers.`,
    );
  return {
    model: {
      name,
      exported: new Date().toISOString().slice(0, 10),
      parameters: parameterCount,
      multiplyAdds: multiplyAdds.forward,
      weights,
      accuracy,
    },
    classes,
    inputShape,
    mean: normalize.mean,
    std: normalize.std,
    loss: loss.type,
    fit: pictures?.fit,
    pages: program.pages,
    one: packPass(program.one),
    many: program.many === program.one ? undefined : packPass(program.many),
    ...pack(program, weights),
  };
}

/** Which runtime reads pictures as `predict` does; handwriting also as a smaller one does. */
export function runtimeFor(model: Model, handwriting: "clean" | "handwriting"): RuntimeName {
  if (model.pictures !== undefined) return "ruled";
  return readsHandwriting(model) ? handwriting : "whole";
}

/** The statements that give `made`, a module's functions, and `facts`. */
export async function statements(facts: Facts, runtime: RuntimeName): Promise<string> {
  const { runtimes } = await import("./runtimes.generated.js");
  return `const facts=${literal(facts)};\nconst made=${runtimes[runtime]}(facts);`;
}

async function moduleText(facts: Facts, runtime: RuntimeName): Promise<string> {
  return `${MARK}; its types stand beside it.
${await statements(facts, runtime)}
export const{predict,predictBatch,predictImage}=made;
export const{classes,inputShape,model}=facts;
`;
}

/** JSON as it can stand in a script in a page, too. */
function literal(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
