import type { Content, Markup } from "../../html.js";
import { counted } from "../../presentation/numbers.js";
import { biasLine, type SumLine } from "../../presentation/sums.js";
import type { Explanation } from "../explain.js";
import { type Block, shownBlockSum } from "./blocks.js";
import { address } from "./story.js";
import { sumTable } from "./sums.js";
import type { TermFormats } from "./worked.js";

/** The most blocks that have a line of their own. */
const MOST_LINES = 8;

/** The block that moves the sum most. */
export function strongestBlock(blocks: readonly Block[]): Block {
  return blocks.reduce((best, block) => (Math.abs(block.sum) > Math.abs(best.sum) ? block : best));
}

/**
 * A sum whose terms lie in blocks: the block that is shown in full, then the others, the largest first, then the bias.
 * @param thing what a block is: `map`, `filter`
 */
export function blockSum(
  { terms, value, cell }: Explanation,
  blocks: readonly Block[],
  shown: Block,
  formats: TermFormats,
  thing: string,
): Markup {
  const products = shown.rows.flat().filter((term) => term !== undefined).length;
  const others = blocks.filter((block) => block !== shown).sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const listed = others.length <= MOST_LINES + 1 ? others : others.slice(0, MOST_LINES);
  const rest = others.slice(listed.length);
  const lines: SumLine<Content>[] = [
    {
      name: `the ${counted(products, "product")} above${blocks.length > 1 ? `, ${thing} ${shown.channel},` : ""} added`,
      value: shownBlockSum(shown, formats),
    },
    ...listed
      .sort((a, b) => a.channel - b.channel)
      .map(({ channel, sum }) => ({ name: `the same for ${thing} ${channel}`, value: sum })),
  ];
  if (rest.length > 0) {
    lines.push({
      name: `the same for the other ${counted(rest.length, thing)} together`,
      value: rest.reduce((sum, block) => sum + block.sum, 0),
    });
  }
  lines.push(...terms.filter(({ role }) => role === "bias").map(biasLine));
  return sumTable({ lines, totalName: address(cell), total: value, format: formats.values });
}
