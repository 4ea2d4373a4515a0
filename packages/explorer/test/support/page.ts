import type { Page } from "playwright-core";

/* What a test reads on the page, and does there as a visitor does. */

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

/** What lies on the pad, as 28 by 28 numbers. */
export function onPad(page: Page): Promise<number[]> {
  return page.locator(".pad canvas").evaluate((pad) => {
    const small = new OffscreenCanvas(28, 28).getContext("2d") as OffscreenCanvasRenderingContext2D;
    small.imageSmoothingQuality = "high";
    small.drawImage(pad as HTMLCanvasElement, 0, 0, 28, 28);
    return [...small.getImageData(0, 0, 28, 28).data].filter((_, k) => k % 4 === 3);
  });
}

/** 1 for the same picture: the cosine between the two. */
export function likeness(a: readonly number[], b: readonly number[]): number {
  const dot = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, k) => sum + value * other[k], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
