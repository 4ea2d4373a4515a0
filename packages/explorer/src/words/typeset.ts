import { powerOfTen } from "unravel-cnn";

/** A sentence of the library, which a terminal can show, as a page shows it: `4 x 10^13` is `4 × 10¹³`. */
export function typeset(text: string): string {
  return text.replace(/ x 10\^(\d+)/g, (_, exponent: string) => ` × ${powerOfTen(Number(exponent))}`);
}
