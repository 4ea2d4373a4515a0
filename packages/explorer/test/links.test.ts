import { expect, test } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { onlyLong } from "../../../test/support/long.js";
import { formatLink, parseLink } from "../src/state/link.js";
import { probabilities, selected } from "./support/page.js";
import { sharedVisit, visit } from "./support/visit.js";

testInBrowser("a link shows another visitor what its sender saw", async () => {
  const { page, url } = await sharedVisit(
    "sample=7.2&answer=1&scope=batch&image=3&scale=map&cell=relu1.out[3,5,10,10]",
  );
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(({ hash }) => hash.includes("cell=relu1.out[3,5,10,11]"));
  const sent = [await selected(page), await probabilities(page)];
  expect(sent[0]).toMatchObject({ address: "relu1.out[3, 5, 10, 11]" });
  const address = page.url();
  expect(address.split("#")[1].split("&").sort()).toEqual(
    "answer=1&cell=relu1.out[3,5,10,11]&image=3&sample=7.2&scale=map&scope=batch".split("&"),
  );
  await page.goto(`${url}#cell=loss`);
  await page.goto(address);
  await page.locator(".value .address", { hasText: "relu1.out[3, 5, 10, 11]" }).waitFor();
  expect([await selected(page), await probabilities(page)]).toEqual(sent);
});

testInBrowser("a link with nonsense in it opens the page all the same", async () => {
  const { page } = await sharedVisit(
    "sample=99&cell=conv9.out[1]&strokes=!!&image=70&answer=900&scale=x&pass=sideways",
  );
  expect((await selected(page)).address).toMatch(/^conv1\.out/);
});

test("what is right is one class, several, or none", () => {
  for (const [answer, word] of [
    [3, "3"],
    [[0, 2], "0,2"],
    [[], "none"],
  ] as const) {
    expect(formatLink({ answer })).toBe(`answer=${word}`);
    expect(parseLink(`answer=${word}`).answer).toEqual(answer);
  }
  for (const word of ["", "x", "1,", ",1", "-1", "1.5", "none,1"])
    expect(parseLink(`answer=${word}`).answer, word).toBeUndefined();
});

/** What scripts before the page's own leave in its window. */
interface Held {
  /** Does at once what waits for its time. */
  runTimers(): void;
  /** How many traces the page has got from its worker. */
  traces: number;
}

testInBrowser("a link is followed, though the page was just about to write its own", async () => {
  const { page } = await visit({
    before: () => {
      const waiting = new Map<number, () => void>();
      let last = 0;
      window.setTimeout = ((work: () => void) => {
        waiting.set(++last, work);
        return last;
      }) as unknown as typeof window.setTimeout;
      window.clearTimeout = (id) => waiting.delete(id as number);
      (window as unknown as Held).runTimers = () => {
        for (const work of waiting.values()) work();
        waiting.clear();
      };
    },
  });
  for (const address of ["loss", "fc1.out[0, 3]"]) {
    await page.evaluate((cell) => {
      location.hash = `cell=${cell}`;
      (window as unknown as Held).runTimers(); // before the page hears of the new address
    }, address);
    await page.locator(".value .address", { hasText: address }).waitFor();
    expect(new URL(page.url()).hash.replaceAll("%20", "")).toBe(`#cell=${address.replaceAll(" ", "")}`);
  }
  await page.keyboard.press("ArrowDown");
  expect((await selected(page)).address).toBe("fc1.out[0, 4]");
  await page.evaluate(() => (window as unknown as Held).runTimers());
  expect(new URL(page.url()).hash).toBe("#cell=fc1.out[0,4]");
});

onlyLong(testInBrowser)(
  "of two links the later one counts, though the first one's numbers come after it",
  async () => {
    const { page } = await visit({
      link: "network=convnet",
      before: () => {
        const held = window as unknown as Held;
        held.traces = 0;
        window.Worker = class extends Worker {
          constructor(...given: ConstructorParameters<typeof Worker>) {
            super(...given);
            this.addEventListener("message", () => held.traces++);
          }
        };
      },
    });
    const traces = (count: number) =>
      page.waitForFunction((least) => (window as unknown as Held).traces >= least, count);
    await traces(1);
    await page.evaluate(async () => {
      location.hash = "network=convnet&sample=5.0&cell=conv2.out[0,40,12,12]";
      await new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
      await new Promise((resolve) => setTimeout(resolve)); // the worker has its question
      location.hash = "sample=7.2&cell=relu1.out[0,5,10,11]";
    });
    await traces(2);
    expect((await selected(page)).address).toBe("relu1.out[0, 5, 10, 11]");
    expect(await page.locator("header .network").innerText()).toMatch(/^one-conv, 8 filters 98/);
    expect(await page.locator("fieldset input:checked").getAttribute("value")).toBe("7");
    expect(await probabilities(page)).toHaveLength(10);
  },
);
