import { describe, expect, test } from "vitest";
import { checkArrays, knownMistakes } from "../src/index.js";
import { readMistakes } from "./support/mistakesFile.js";

/*
 * A network written in NumPy, as a beginner would, with each mistake switched on in turn (numpy/make_mistakes.py). It
 * shares nothing with the checker. The right name must be found for at least 95% of what changes an array at all.
 */

const tally = { right: 0, all: 0, missed: [] as string[] };

describe.each(["one", "two", "single"])("network %s", (network) => {
  const { right, cases } = readMistakes(network);

  test("is right without a mistake", () => {
    expect(checkArrays(right)).toMatchObject({ agrees: true, first: null, mistakes: [] });
  });

  test.each([...cases.keys()])("%s", (name) => {
    const [mistake] = name.split("/");
    expect(knownMistakes.map((known) => known.name)).toContain(mistake);
    const changed = cases.get(name) ?? {};

    // with other weights, so that scores are large; but some numbers don't overflow all the same
    if (mistake === "softmax-overflow" && changed.probs.data.every(Number.isFinite)) return;

    const report = checkArrays({ ...right, ...changed });

    // whatever it is called: it is seen, and nowhere else than in what was changed
    expect(report.agrees).toBe(false);
    if (mistake !== "saved-after-update") expect(Object.keys(changed)).toContain(report.first);
    const named = report.mistakes.every((found) => [found.name, ...found.alternatives].includes(mistake));
    tally.all++;
    if (named) tally.right++;
    else tally.missed.push(`${network} ${name}: ${report.mistakes.map((found) => found.name).join(", ")}`);
  });
});

test("at least 95% get the right name", () => {
  expect(tally.all).toBeGreaterThan(250);
  expect(tally.right / tally.all, tally.missed.join("\n")).toBeGreaterThanOrEqual(0.95);
});
