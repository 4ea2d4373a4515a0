import { type Content, html, joined, type Markup } from "../html.js";

/*
 * Formulas as MathML, which browsers draw themselves. Each quantity has a role, whose colour it has in formulas, grids and
 * tables alike. A formula is made of pieces between which a narrow screen may break the line.
 */

/** What a quantity is; also the class that gives it its colour. */
export type SymbolRole = "weight" | "input" | "bias" | "output" | "gradient";

/** The natural logarithm of something. */
export function ln(content: Content): Markup {
  return html`<mi>ln</mi><mspace width="0.17em"></mspace>${content}`;
}

export function letter(name: string, role?: SymbolRole): Markup {
  return role ? html`<mi class="${role}">${name}</mi>` : html`<mi>${name}</mi>`;
}

export function number(value: number | string): Markup {
  return html`<mn>${value}</mn>`;
}

export function operator(sign: string): Markup {
  return html`<mo>${sign}</mo>`;
}

/** A letter with indices below: `w` with `o, c, u, v`. */
export function indexed(name: string, indices: readonly Content[], role?: SymbolRole): Markup {
  // the room below makes all indices stand equally low, whether their letter goes below the line, as y, or not, as x
  return html`<msub><mpadded depth=".2em">${letter(name, role)}</mpadded><mrow>${joined(indices, html`<mo separator="true">,</mo>`)}</mrow></msub>`;
}

export function power(base: Content, exponent: Content): Markup {
  return html`<msup>${base}<mrow>${exponent}</mrow></msup>`;
}

export function fraction(above: Content, below: Content): Markup {
  return html`<mfrac><mrow>${above}</mrow><mrow>${below}</mrow></mfrac>`;
}

/** A sum over what stands below the sign. */
export function sumOver(below: Content): Markup {
  return html`<munder><mo>∑</mo><mrow>${below}</mrow></munder>`;
}

/** The largest over what stands below it. */
export function maximumOver(below: Content): Markup {
  return html`<munder><mo movablelimits="false">max</mo><mrow>${below}</mrow></munder>`;
}

export function brackets(content: Content): Markup {
  return html`<mo stretchy="false">(</mo>${content}<mo stretchy="false">)</mo>`;
}

/** The slope of the loss along a quantity: a fraction of two small changes. */
export function slope(along: Content): Markup {
  return fraction(html`<mo>∂</mo>${letter("L")}`, html`<mo>∂</mo>${along}`);
}

/** Letters with separators, for below a sum: `c, u, v`. */
export function list(names: readonly string[]): Content {
  return joined(
    names.map((name) => letter(name)),
    html`<mo separator="true">,</mo>`,
  );
}

/** Where cell `u` of a window lies that makes output `i`: `2i + u − 1`. */
export function placeUnder(
  output: string,
  window: string,
  stride: number,
  dilation: number,
  padding: number,
): Content {
  const scaled = (factor: number, name: string) => [factor > 1 && number(factor), letter(name)];
  return [
    scaled(stride, output),
    operator("+"),
    scaled(dilation, window),
    padding > 0 && [operator("−"), number(padding)],
  ];
}

/** A formula on a line of its own, and what its letters mean. */
export function formula(pieces: readonly Content[], meaning?: Content): Markup {
  return html`<div class="formula"><div class="pieces">${pieces.map(
    (piece) => html`<math displaystyle="true">${piece}</math> `,
  )}</div>${meaning !== undefined && html`<p class="meaning">${meaning}</p>`}</div>`;
}

/** A formula within a sentence. */
export function inline(content: Content): Markup {
  return html`<math>${content}</math>`;
}
