import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

interface Axe {
  run(options: object): Promise<{ violations: Violation[] }>;
}

/** What axe finds wrong with the page as it is now: the rule, and where. */
export const violations = (page: Page): Promise<string[]> => run(page, {});

/** As `violations`, of what colours can break, for a page that differs in nothing else from one that was looked at. */
export const lowContrasts = (page: Page): Promise<string[]> => run(page, { runOnly: ["color-contrast"] });

async function run(page: Page, options: object): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(source);
  const found = await page.evaluate(
    async (options) =>
      (await (globalThis as unknown as { axe: Axe }).axe.run({ ...options, resultTypes: ["violations"] }))
        .violations,
    options,
  );
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
  );
}
