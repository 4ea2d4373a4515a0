import { type ReportSubject, type TraceImageOptions, traceImage } from "../../src/explain/index.js";
import { defineModel, type Model, type ModelSpec } from "../../src/graph/model.js";
import { initialParameters } from "../../src/graph/parameters.js";
import { sizeOf } from "../../src/tensor.js";

/** A network with random weights, biases too, on a picture of noise: what a report tells of. */
export function subjectOf(
  spec: ModelSpec | Model,
  { seed = 1, ...options }: TraceImageOptions & { readonly seed?: number } = {},
): ReportSubject {
  const model = "uses" in spec ? spec : defineModel(spec);
  const parameters = initialParameters(model, seed);
  for (const { fullName, name } of model.parameters) {
    if (name !== "bias") continue;
    const { data } = parameters[fullName];
    for (let k = 0; k < data.length; k++) data[k] = 0.2 * Math.sin(seed + k);
  }
  const image = Uint8Array.from(
    { length: sizeOf(model.inputShape) },
    (_, k) => (seed * 7919 + k * k * 31) % 256,
  );
  return {
    trace: traceImage({ model, parameters }, image, options),
    modelName: "a network",
    trained: true,
    imageName: "a picture",
    labelKnown: options.label !== undefined,
  };
}

/** Sums as a report writes them: in units of their last decimal, each line and the total. */
export function sumsIn(
  html: string,
): { readonly lines: readonly number[]; readonly total: number; readonly text: string }[] {
  return [...html.matchAll(/<table class="sum">.*?<\/table>/gs)].map(([text]) => {
    const [body, foot] = text.split("<tfoot>");
    const numbers = (part: string) =>
      [...part.matchAll(/<td class="n">([^<]*)<\/td>/g)].map(([, number]) => unitsOf(number));
    const [total] = numbers(foot);
    return { lines: numbers(body), total, text };
  });
}

/** `−1.250` is -1250. */
export function unitsOf(text: string): number {
  if (!/^−?\d+(\.\d+)?$/.test(text)) throw new Error(`${JSON.stringify(text)} is not written as a number`);
  return Number(text.replace("−", "-").replace(".", ""));
}

/** What stands in a piece of HTML, without its tags. */
export function plainText(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** The first tag that isn't closed where it should be; undefined if all are. */
export function unbalancedTag(html: string): string | undefined {
  const open: string[] = [];
  for (const [tag, slash, name, end] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^>]*?)?(\/?)>/gi)) {
    if (slash === "/") {
      if (open.pop() !== name) return tag;
    } else if (end !== "/" && !["meta", "link", "img", "source"].includes(name)) open.push(name);
  }
  return open.pop();
}
