const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A sentence of the library, which a terminal can show, as a page shows it: `4 x 10^13` is `4 × 10¹³`. */
export function typeset(text: string): string {
  return text.replace(
    / x 10\^(\d+)/g,
    (_, power: string) => ` × 10${[...power].map((k) => RAISED[Number(k)]).join("")}`,
  );
}
