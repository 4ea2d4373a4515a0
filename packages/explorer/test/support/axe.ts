import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { few } from "../../../../test/support/long.js";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

interface Axe {
  run(context: object, options: object): Promise<{ violations: Violation[] }>;
}

/** Maps of a layer beside its first, which differ from that in their colours alone: half of what there is to look at. */
const MORE_MAPS = '[data-picture]:not([data-picture$="/0"])';

/** The parts of the page. */
export const DRAWER = ".drawer";
export const CELL = ".sheet";

/**
 * What axe finds wrong with the page as it is now: the rule, and where. `within`: selectors of the parts that a page which
 * was looked at as a whole now has, or shows otherwise; looking at all of its cells again takes ten times as long.
 */
export const violations = (page: Page, ...within: string[]): Promise<string[]> => run(page, within, {});

/** As `violations`, of what colours can break, for a page that differs in nothing else from one that was looked at. */
export const lowContrasts = (page: Page, ...within: string[]): Promise<string[]> =>
  run(page, within, { runOnly: ["color-contrast"] });

async function run(page: Page, within: readonly string[], options: object): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  const found = await page.evaluate(
    async ({ within, options, leftOut }) => {
      const missing = within.filter((part) => document.querySelector(part) === null);
      if (missing.length > 0) throw new Error(`The page has no ${missing.join(", ")}.`);
      const { axe } = globalThis as unknown as { axe: Axe };
      const context = within.length > 0 ? { include: within } : { exclude: leftOut };
      return (await axe.run(context, { ...options, resultTypes: ["violations"], preload: false })).violations;
    },
    { within, options, leftOut: few([MORE_MAPS], []) },
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
  );
}
