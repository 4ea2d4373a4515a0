import type { Explanation, Model } from "unravel-cnn";
import { layerNameOf, plainName } from "../view/grids.js";

/*
 * How a cell is computed, as MathML, with the names that the page uses.
 */

const name = (text: string) => `<mi mathvariant="normal">${text}</mi>`;
const op = (text: string) => `<mo>${text}</mo>`;
const at = (base: string, index: string) => `<msub>${name(base)}<mrow>${index}</mrow></msub>`;
const list = (...letters: string[]) =>
  letters.map((letter) => (letter.length > 1 ? letter : `<mi>${letter}</mi>`)).join(op(","));
const sumOver = (index: string) => `<munder>${op("∑")}<mrow>${index}</mrow></munder>`;
const plus = (a: string, b: string) => `<mrow><mi>${a}</mi>${op("+")}<mi>${b}</mi></mrow>`;

/** The formula of the rule by which a cell came to its value; undefined where nothing was computed. */
export function formulaOf({ cell, rule }: Explanation, model: Model): string | undefined {
  const { tensor } = cell;
  const isGradient = tensor.startsWith("grad.");
  const layer = model.layers.find((one) => one.name === layerNameOf(tensor));
  const part = plainName(tensor).split(".")[1];
  if (rule === "softmax") {
    return `${at("p", list("k"))}${op("=")}<mfrac><msup><mi>e</mi>${at("z", list("k"))}</msup><mrow>${sumOver(list("m"))}<msup><mi>e</mi>${at("z", list("m"))}</msup></mrow></mfrac>`;
  }
  if (rule === "loss")
    return `${name("loss")}${op("=")}<mfrac><mn>1</mn><mi>N</mi></mfrac>${sumOver(list("n"))}${op("−")}${name("ln")}${at("p", list("n", name("right")))}`;
  if (rule === "difference")
    return `${at("dz", list("k"))}${op("=")}<mfrac><mrow>${at("p", list("k"))}${op("−")}${at("y", list("k"))}</mrow><mi>N</mi></mfrac>`;
  if (rule === "gate")
    return isGradient
      ? `${name("dx")}${op("=")}${name("dy")}<mspace width="0.5em"/>${name("where x &gt; 0, else 0")}`
      : `${name("y")}${op("=")}${name("max")}${op("(")}${name("x")}${op(",")}<mn>0</mn>${op(")")}`;
  if (rule === "maximum")
    return isGradient
      ? `${name("dx")}${op("=")}${sumOver(name("windows won"))}${name("dy")}`
      : `${name("y")}${op("=")}${name("max")}${op("(")}${name("window")}${op(")")}`;
  if (rule !== "sum") return undefined;
  return isGradient ? gradientSum(model, tensor, part) : forwardSum(layer?.spec.type);
}

function forwardSum(type: string | undefined): string {
  return type === "dense"
    ? `${at("y", list("o"))}${op("=")}${at("bias", list("o"))}${op("+")}${sumOver(list("k"))}${at("weight", list("o", "k"))}${at("x", list("k"))}`
    : `${at("y", list("o", "i", "j"))}${op("=")}${at("bias", list("o"))}${op("+")}${sumOver(list("c", "u", "v"))}${at("weight", list("o", "c", "u", "v"))}${at("x", list("c", plus("i", "u"), plus("j", "v")))}`;
}

/** The gradient of a parameter is its layer's; that of an output is the next layer's work. */
function gradientSum(model: Model, tensor: string, part: string | undefined): string {
  const owner = layerNameOf(tensor);
  const isParameter = part === "weight" || part === "bias";
  const through = isParameter
    ? model.layers.find(({ name }) => name === owner)
    : model.layers.find(({ inputs }) => inputs.includes(plainName(tensor)));
  const type = through?.spec.type;
  if (part === "bias") return `${name("dbias")}${op("=")}${sumOver(name("all uses"))}${name("dy")}`;
  if (type === "dense") {
    return part === "weight"
      ? `${at("dweight", list("o", "k"))}${op("=")}${sumOver(list("n"))}${at("dy", list("n", "o"))}${at("x", list("n", "k"))}`
      : `${at("dx", list("k"))}${op("=")}${sumOver(list("o"))}${at("weight", list("o", "k"))}${at("dy", list("o"))}`;
  }
  return part === "weight"
    ? `${at("dweight", list("o", "c", "u", "v"))}${op("=")}${sumOver(list("n", "i", "j"))}${at("dy", list("n", "o", "i", "j"))}${at("x", list("n", "c", plus("i", "u"), plus("j", "v")))}`
    : `${at("dx", list("c", "p", "q"))}${op("=")}${sumOver(list("o", "u", "v"))}${at("weight", list("o", "c", "u", "v"))}${at("dy", list("o", `<mrow><mi>p</mi>${op("−")}<mi>u</mi></mrow>`, `<mrow><mi>q</mi>${op("−")}<mi>v</mi></mrow>`))}`;
}
