// The picture of the tab Train in docs/explorer.md: two trainings on drawn digits, one after the other, in headless Chromium.
//
//   npm run build && node scripts/train-picture.mjs
import { existsSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { serve } from "../packages/cli/dist/explore/server.js";
import { pageSite } from "../packages/cli/dist/explore/site.js";

const program = process.env.UNRAVEL_BROWSER ?? "/usr/bin/chromium";
if (!existsSync(program)) {
  console.error(`There is no ${program}; set UNRAVEL_BROWSER to the program of a Chromium, Chrome or Edge.`);
  process.exit(1);
}
const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-gpu"] });
const server = await serve(await pageSite(), 0);
try {
  const page = await browser.newPage({ viewport: { width: 1680, height: 1000 }, serviceWorkers: "block" });
  await page.goto(server.url);
  await page.locator(".sheet .value").waitFor({ state: "attached" });
  await page.goto(`${server.url}#tab=train`); // who was here before isn't asked again
  await page.reload();
  const done = () => page.locator('[data-phase="done"]').waitFor({ timeout: 300_000 });
  await page.getByRole("button", { name: "Play" }).click();
  await done();
  const filters = page.getByRole("spinbutton", { name: "filters", exact: true });
  await filters.fill("16");
  await filters.press("Enter");
  await page.getByRole("button", { name: "Restart with these" }).click();
  await page.locator('[data-phase="paused"]').waitFor({ timeout: 300_000 });
  await page.getByRole("button", { name: "Play" }).click();
  await done();
  await page.getByText(/looked at only now/).waitFor();
  await page.locator('[role="tabpanel"]').evaluate((panel) => panel.scrollTo(0, 0));
  await page.locator('[data-picture="conv1.out/3"]').click();
  await page.mouse.move(840, 20); // nothing is pointed at
  const bytes = await page.screenshot();
  writeFileSync(new URL("../docs/explorer/train.png", import.meta.url), bytes);
  console.log(`train.png: 1680x1000, ${(bytes.length / 1000).toFixed(1)} kB`);
} finally {
  await browser.close();
  await server.close();
}
