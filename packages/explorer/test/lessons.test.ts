import { defineModel, drawPair, knownMistakes, parseCell, trace } from "unravel-cnn";
import { describe, expect, test, vi } from "vitest";
import { testInBrowser } from "../../../test/support/browser.js";
import { few } from "../../../test/support/long.js";
import { answerTo } from "../src/broken/riddles.js";
import { lessonNamed, lessons } from "../src/lessons/index.js";
import { formatLink, MOST_NOTE, parseLink } from "../src/state/link.js";
import { Session } from "../src/training/session.js";
import { checkSettings, defaults, specOf } from "../src/training/settings.js";
import { DRAWER, violations } from "./support/axe.js";
import { sample, traceOf, trainedNetwork } from "./support/library.js";
import { selected } from "./support/page.js";
import { phase } from "./support/training.js";
import { PHONE, visit } from "./support/visit.js";

/*
 * Lessons: that every button leads somewhere, that what the words say is so, and that they can be walked through.
 */

const LONG = { timeout: 60_000 };
const links = lessons.flatMap(({ id, steps }) =>
  steps.flatMap(({ show }) => show.map(({ link }) => [id, link] as const)),
);

describe("as data", () => {
  test("five, each with steps that show something and ask something", () => {
    expect(lessons.map(({ id }) => id)).toEqual(["filters", "time", "gradients", "learning-rate", "bug"]);
    for (const { steps } of lessons) {
      expect(steps.length).toBeGreaterThanOrEqual(3);
      for (const { text, show, question, choices, answer } of steps) {
        expect(show.length).toBeGreaterThan(0);
        expect(question).toMatch(/\?$/);
        expect(answer).toMatch(/[.!]$/);
        expect(text.split(/[.?:] /).length).toBeLessThanOrEqual(5);
        if (!choices) continue;
        expect(new Set(choices.all).size).toBe(3);
        expect(choices.all[choices.right]).toBeDefined();
        expect(choices.all.join("")).not.toContain("*");
      }
    }
  });

  test.each(links)("%s: %s is understood, word by word", (_, link) => {
    const state = parseLink(link);
    const words = (text: string) => text.split("&").sort();
    const again = words(formatLink({ ...state, network: state.network, tab: state.tab }));
    expect(again).toEqual(expect.arrayContaining(words(link).filter((word) => !isUsual(word))));
    if (state.settings) checkSettings(state.settings);
    if (state.cell) {
      const { tensors } = traceOf([sample(3)], [3]);
      const { tensor, index } = parseCell(state.cell);
      expect(index.every((at, axis) => at < tensors[tensor].shape[axis])).toBe(true);
    }
  });

  /** What a link needn't say. */
  const isUsual = (word: string) => word === "filters=8";
});

describe("what they say is so", () => {
  const right = traceOf([sample(3)], [3]);
  const { model, parameters } = trainedNetwork();
  const asEight = trace(model, parameters, right.tensors.x, [8]);
  const { data } = right.tensors["conv1.out"];
  const map = (filter: number) => data.slice(filter * 676, (filter + 1) * 676);
  const at = (name: string, ...index: number[]) => {
    const { shape, data: values } = asEight.tensors[name];
    return values[index.reduce((sum, one, axis) => sum * shape[axis] + one, 0)];
  };
  const open = (name: string) => asEight.tensors[name].data.filter((value) => value !== 0).length;

  test("filter 5: its threshold, its signs, and where it answers most", () => {
    expect(parameters["conv1.bias"].data[5]).toBeCloseTo(-0.78, 2);
    expect(map(5)[0]).toBe(parameters["conv1.bias"].data[5]);
    expect(map(5).indexOf(Math.max(...map(5)))).toBe(15 * 26 + 15);
    const weights = [...parameters["conv1.weight"].data.slice(45, 54)];
    expect(weights.map(Math.sign)).toEqual([-1, 1, 1, -1, -1, 1, -1, -1, 1]);
  });

  test("gradients: their signs, how many are left, and the largest", () => {
    expect(at("grad.fc1.out", 0, 8)).toBeCloseTo(-1, 2);
    expect(at("grad.fc1.out", 0, 3)).toBeCloseTo(0.98, 2);
    expect(asEight.tensors["grad.relu1.out"].data.length).toBe(5408);
    expect(open("grad.relu1.out")).toBe(1352);
    expect(open("grad.conv1.out")).toBe(393);
    expect(at("grad.relu1.out", 0, 2, 8, 22)).toBe(at("grad.pool1.out", 0, 2, 4, 11));
    expect(at("grad.relu1.out", 0, 2, 8, 23)).toBe(0);
    expect(at("grad.conv1.out", 0, 2, 8, 22)).not.toBe(0);
    expect(at("grad.conv1.out", 0, 5, 0, 0)).toBe(0);
    const gradients = asEight.tensors["grad.conv1.weight"].data.map(Math.abs);
    expect(gradients.indexOf(Math.max(...gradients))).toBe(3 * 9 + 7);
    expect(at("grad.conv1.weight", 3, 0, 2, 1)).toBeCloseTo(-8.5, 1);
  });

  test("what each learning rate comes to: half, three of four, a guess", async () => {
    const shares = {
      "about one of ten": [0.05, 0.15],
      "about half": [0.4, 0.55],
      "about three of four": [0.7, 0.8],
    };
    const { train, test: unseen } = await drawPair(0, { trainCount: 1000, testCount: 1 });
    for (const { show, choices } of lessonNamed("learning-rate")?.steps.slice(1) ?? []) {
      const settings = parseLink(show[0].link).settings ?? defaults;
      const session = await Session.open(settings, { train, test: unseen }, { threads: 0 });
      while (!session.training.done) await session.advance();
      const accuracy = (await session.look("validation"))?.accuracy;
      await session.close();
      const right = choices?.all[choices.right] as keyof typeof shares;
      const [least, most] = shares[right];
      expect(accuracy).toBeGreaterThan(least);
      expect(accuracy).toBeLessThan(most);
    }
  });

  test("twice the filters are twice the multiply-adds", () => {
    const [eight, sixteen] = (lessonNamed("time")?.steps[0].show ?? []).map(({ link }) => {
      const { settings } = parseLink(link);
      return defineModel(specOf(settings as NonNullable<typeof settings>)).multiplyAdds.forward;
    });
    expect(sixteen).toBe(2 * eight);
  });

  test("the mistakes are those of the lab", () => {
    const known = [...knownMistakes.map(({ name }) => name), "weights-start-at-zero", "labels-shuffled"];
    const links = lessonNamed("bug")?.steps.flatMap(({ show }) => show.map(({ link }) => link)) ?? [];
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) expect(known).toContain(answerTo(parseLink(link).broken?.mistake ?? ""));
    for (const name of known) expect(links.join(" ")).not.toContain(name); // the address names nothing either
  });
});

testInBrowser("a lesson is opened by a link, and walked through by keyboard", async () => {
  const { page, url } = await visit({ link: "lesson=filters", colorScheme: "dark" });
  expect(await page.getByRole("tab", { name: "Lessons" }).getAttribute("aria-selected")).toBe("true");
  const lesson = page.getByRole("region", { name: "Lesson: What a filter sees" });
  await lesson.getByText("step 1 of 4").waitFor();
  const answer = lesson.getByText(/^Nine: a weight for each/);
  expect(await answer.count()).toBe(0); // until somebody has tried
  await lesson.getByRole("button", { name: "676" }).press("Enter");
  await answer.waitFor();
  await lesson.getByText("You said: 676. It is something else.").waitFor();
  await lesson.getByRole("button", { name: "One of the nine weights" }).press("Enter");
  await page.locator(".value .address", { hasText: "conv1.weight[5, 0, 1, 2]" }).waitFor();
  if (few(false, true)) expect(await violations(page, DRAWER)).toEqual([]); // a sample has the teacher's side of it
  await lesson.getByRole("button", { name: "Next" }).press("Enter");
  await lesson.getByRole("button", { name: "A corner of the picture" }).press("Enter");
  await page.locator(".value .address", { hasText: "conv1.out[0, 5, 0, 0]" }).waitFor();
  const picture = await page.locator('[data-picture="conv1.out/5"]').boundingBox();
  const drawer = await page.locator(".drawer .open").boundingBox();
  expect((picture?.x ?? 0) + (picture?.width ?? 0)).toBeLessThanOrEqual(drawer?.x ?? 0); // not behind it
  await vi.waitUntil(() => /lesson=filters&step=2/.test(page.url()), LONG);

  // another lesson leads into another tab, and trains there
  await page
    .locator("ol")
    .getByRole("button", { name: /^What the learning rate does/ })
    .click();
  const rates = page.getByRole("region", { name: "Lesson: What the learning rate does" });
  await rates.getByRole("button", { name: "Next" }).click();
  // it asks before it shows, and answers when that is over
  const small = rates.getByRole("button", { name: "Train with 0.0005" });
  expect(await small.isDisabled()).toBe(true);
  await rates.getByRole("button", { name: "about half" }).click();
  await rates.getByText("You said: about half").waitFor();
  expect(await rates.getByText(/^About half\./).count()).toBe(0);
  await small.click();
  await phase(page, "loading", "running", "done");
  expect(await page.getByRole("tab", { name: "Train" }).getAttribute("aria-selected")).toBe("true");
  expect(await page.getByRole("spinbutton", { name: "learning rate" }).inputValue()).toBe("0.0005");
  await rates.getByText("step 2 of 4").waitFor();
  // each of the first 100 of its 125 steps is a point of the curve, and each of its five epochs
  await phase(page, "done");
  await rates.getByText("You said: about half. That is right.").waitFor();
  await rates.getByText(/^About half\./).waitFor();
  const points = (series: string, chart = "Loss") =>
    page
      .locator(`section[aria-label="${chart}"] [data-series="${series}"] path`)
      .first()
      .getAttribute("d")
      .then((path) => path?.split("L").length);
  expect(await points("in training")).toBeGreaterThan(100);
  expect(await points("set aside", "Accuracy")).toBe(6); // and once before the first
  const tested = page.locator('section[aria-label="Accuracy"] [data-series="test images, at the end"]');
  expect([await tested.locator("circle").count(), await tested.locator("path").count()]).toEqual([1, 0]);

  if (few(false, true)) {
    // the next one lies over it; both are named by what differs, and stay over a reload until they are removed
    await rates.getByRole("button", { name: "Next" }).click();
    await rates.getByRole("button", { name: "every one" }).click();
    await rates.getByRole("button", { name: "Train with 0.05" }).click();
    const compared = page.getByRole("region", { name: "Compared trainings" });
    await compared.getByRole("row", { name: /^learning rate 0\.05 125 of 125 \d/ }).waitFor();
    const losses = page.locator('section[aria-label="Loss"]');
    // at the ends of lines, though the column is narrow
    const named = await losses.locator("text.name").allTextContents();
    expect(named.map((name) => name.trim())).toEqual(["learning rate 0.0005", "learning rate 0.05"]);
    expect(await points("learning rate 0.0005")).toBeGreaterThan(100);
    expect(await points("learning rate 0.0005, set aside", "Accuracy")).toBe(6);
    expect(await violations(page, 'section[aria-label="Compared trainings"]')).toEqual([]);
    await page.reload();
    await compared.getByRole("row", { name: /^learning rate 0\.0005/ }).waitFor();
    await compared.getByRole("button", { name: "Remove learning rate 0.0005" }).click();
    await compared.waitFor({ state: "detached" });
    expect(await points("in training")).toBeGreaterThan(100);

    await page.goto(`${url}#lesson=bug&step=9`);
    const bug = page.getByRole("region", { name: "Lesson: Find the bug" });
    await bug.getByText("step 4 of 4").waitFor();
    await bug.getByRole("button", { name: "See it train" }).click();
    await page.waitForURL(({ hash }) => hash.includes("mistake=riddle-4"));
    const lab = page.getByRole("tabpanel", { name: "Break it" });
    await lab.getByRole("heading", { name: "A broken network" }).waitFor();
    expect(await lab.innerText()).not.toMatch(/pool|dx\[/i);
    await bug.getByRole("textbox").fill("compare gradients");
    await bug.getByRole("button", { name: "Compare" }).click();
    await lab.getByRole("heading", { name: /^Gradient to all pooled cells/ }).waitFor();
    // an answered step names no other step's mistake
    if (few(false, true)) {
      await bug.getByRole("button", { name: "Back" }).click();
      await bug.getByRole("button", { name: "See it train" }).click();
      await lab.getByRole("heading", { name: "A broken network" }).waitFor();
      await bug.getByRole("button", { name: "Next" }).click();
      await bug.getByText("You said: compare gradients").waitFor();
      expect(await lab.getByRole("heading", { name: "A broken network" }).count()).toBe(1);
    }
    await bug.getByRole("button", { name: "End the lesson" }).click();
    expect(await page.getByRole("region", { name: /^Lesson: / }).count()).toBe(0);
  }
  await page.goto(`${url}#lesson=magic`);
  await page.getByRole("alert").filter({ hasText: 'There is no lesson "magic".' }).waitFor();
});

testInBrowser(
  "a teacher's own link: settings and a note, which is text whatever is in it; on a phone",
  async () => {
    const { page, url } = await visit({
      link: "tab=lessons&rate=0.1&sample=7.0",
      ...PHONE,
    });
    const note = "Which digits does it mix up?\n<img src=x onerror=document.title='bad'> & <b>why</b>?";
    await page.getByLabel("What to look at, and a question").fill(note);
    await page.getByLabel("It opens").selectOption("Train");
    const link = await page.getByLabel("The link").inputValue();
    expect(link.startsWith(url)).toBe(true);
    expect(await violations(page, DRAWER)).toEqual([]);
    await page.goto(link);
    const shown = page.getByRole("region", { name: "Note" });
    await shown.waitFor();
    expect(await shown.locator(".note").textContent()).toBe(note);
    expect(await shown.locator("img, b").count()).toBe(0);
    expect(await page.title()).not.toBe("bad");
    expect(await page.getByRole("spinbutton", { name: "learning rate" }).inputValue()).toBe("0.1");
    expect(await page.locator('[aria-label="Sample 7"]').getAttribute("aria-pressed")).toBe("true");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360);
    if (few(false, true)) expect(await violations(page, '[aria-label="Note"]')).toEqual([]);
    await shown.getByRole("button", { name: "Close the note" }).tap();
    await vi.waitUntil(() => !page.url().includes("note="), LONG);
    expect((await selected(page)).address).toMatch(/^conv1\.out/);
  },
);

test("a note that is too long is cut off", () => {
  expect(parseLink(`note=${"a".repeat(MOST_NOTE + 5)}`).note).toHaveLength(MOST_NOTE);
  expect(parseLink("note=").note).toBeUndefined();
});
