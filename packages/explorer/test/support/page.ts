import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { emptyPage } from "../../../../test/support/browser.js";
import { withData } from "../../../cli/src/explore/data.js";
import { serve } from "../../../cli/src/explore/server.js";
import { pageSite } from "../../../cli/src/explore/site.js";

/** The page as the command serves it, for one test. Other hosts can't be reached, and are counted. */
export interface Visit {
  readonly page: Page;
  readonly url: string;
  /** What was asked of other hosts. */
  readonly elsewhere: readonly string[];
  /** What the page complained about to developers. */
  readonly complaints: readonly string[];
  /** Closes the server, as a network that goes away. */
  cut(): Promise<void>;
}

export interface VisitOptions extends BrowserContextOptions {
  /** The part of the address after #. */
  readonly link?: string;
  /** A folder with data sets that the server has. */
  readonly data?: string;
  /** Whether the page may share memory between threads; default: yes, as the command serves it. */
  readonly isolated?: boolean;
  /** Answers of another host, by address, that the page is expected to ask for. */
  readonly answers?: ReadonlyMap<string, Uint8Array>;
  /** Runs in the page before anything of its own does. */
  readonly before?: () => void;
}

const WIDE = { width: 1440, height: 900 };

/** Opens the page and waits until it shows numbers. It must ask no other host for anything and must not complain. */
export async function visit(all: VisitOptions = {}): Promise<Visit> {
  const { link = "", before, data, isolated = true, answers = new Map(), ...options } = all;
  const site = await pageSite();
  const server = await serve(data === undefined ? site : withData(site, { UNRAVEL_DATA: data }), 0);
  const page = await emptyPage({
    viewport: WIDE,
    serviceWorkers: "block",
    acceptDownloads: true,
    ...options,
  });
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  const isOwn = (address: string) => address.startsWith(server.url) || /^(blob|data):/.test(address);
  await page.context().route(
    (address) => !isOwn(address.href),
    (route) => {
      const body = answers.get(route.request().url());
      return body
        ? route.fulfill({ body: Buffer.from(body), headers: { "access-control-allow-origin": "*" } })
        : route.abort();
    },
  );
  if (!isolated) {
    await page.context().route(`${server.url}**`, async (route) => {
      const response = await route.fetch();
      const headers = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin"));
      await route.fulfill({ response, headers: Object.fromEntries(headers) });
    });
  }
  page.on("request", (request) => {
    if (!isOwn(request.url())) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const isOfTest = /service worker/i.test(message.text()); // blocked by the test
    if (["error", "warning"].includes(message.type()) && !isOfTest) complaints.push(message.text());
  });
  onTestFinished(async () => {
    await page.context().close();
    await server.close();
    expect(elsewhere.filter((address) => !answers.has(address))).toEqual([]);
    expect(complaints).toEqual([]);
  });
  if (before) await page.addInitScript(before);
  await page.goto(`${server.url}${link && `#${link}`}`);
  await page.locator("main").waitFor();
  return { page, url: server.url, elsewhere, complaints, cut: () => server.close() };
}

/** The address of the selected cell and its value in full, as the panel shows them. */
export async function selected(page: Page): Promise<{ address: string; value: number; text: string }> {
  const panel = page.locator(".sheet");
  return {
    address: (await panel.locator(".value .address").innerText()).trim(),
    value: Number(await panel.locator("data[data-value]").getAttribute("value")),
    text: await panel.locator("data[data-value]").innerText(),
  };
}

/** The ten probabilities, in full, as the bars show them. */
export async function probabilities(page: Page): Promise<number[]> {
  const values = await page
    .locator("fieldset data")
    .evaluateAll((all) => all.map((one) => (one as HTMLDataElement).value));
  return values.map(Number);
}

/** Draws a stroke on the pad; points are shares of its side. */
export async function stroke(page: Page, points: readonly (readonly [number, number])[]): Promise<void> {
  const box = await page.locator(".pad canvas").boundingBox();
  if (!box) throw new Error("there is no pad");
  const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) await page.mouse.move(...at(point), { steps: 4 });
  await page.mouse.up();
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

/** Clicks an item of a menu. */
export async function choose(page: Page, menu: string, item: string | RegExp): Promise<void> {
  await page.locator("summary", { hasText: menu }).click();
  await page.locator(".menu button", { hasText: item }).click();
}

/** What is downloaded while `act` runs. */
export async function downloaded(
  page: Page,
  act: () => Promise<void>,
): Promise<{ name: string; bytes: Uint8Array }> {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return { name: download.suggestedFilename(), bytes: new Uint8Array(Buffer.concat(chunks)) };
}
