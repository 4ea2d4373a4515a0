import { describe, expect, test } from "vitest";
import { few, LONG, sampleOf } from "../../../../test/support/long.js";
import { checkArrays, knownMistakes } from "../../src/index.js";
import { readMistakes } from "../support/mistakesFile.js";

/*
 * A network written in NumPy, as a beginner would, with each mistake switched on in turn (numpy/make_mistakes.py). It
 * shares nothing with the checker. The right name must be found for at least 95% of what changes an array at all.
 *
 * `npm test` tries every second mistake once, on the first network that shows it, of its cases one that is drawn; and one more of
 * each of the networks with batches, where a case takes ten times as long.
 */

const tally = { right: 0, all: 0, missed: [] as string[] };

const files = new Map(["one", "two", "single"].map((network) => [network, readMistakes(network)]));

const mistakeOf = (name: string) => name.split("/")[0];
const mistakesOf = (network: string) => [...(files.get(network)?.cases.keys() ?? [])].map(mistakeOf);
const shownElsewhere = new Map([
  ["one", new Set(mistakesOf("single"))],
  ["two", new Set([...mistakesOf("single"), ...mistakesOf("one")])],
]);

/** The names of the cases to try. */
function casesOf(network: string, all: readonly string[]): readonly string[] {
  if (LONG) return all;
  const each = [...new Set(all.map(mistakeOf))]
    .filter((mistake) => !shownElsewhere.get(network)?.has(mistake))
    .flatMap((mistake) =>
      sampleOf(
        all.filter((name) => mistakeOf(name) === mistake),
        1,
      ),
    );
  const half = sampleOf(each, Math.ceil(each.length / 2));
  return [...new Set([...half, ...(network === "single" ? [] : sampleOf(all, 1))])];
}

describe.each([...files])("network %s", (network, { right, cases }) => {
  test("is right without a mistake", () => {
    expect(checkArrays(right)).toMatchObject({ agrees: true, first: null, mistakes: [] });
  });

  test.each(casesOf(network, [...cases.keys()]))("%s", (name) => {
    const mistake = mistakeOf(name);
    expect(knownMistakes.map((known) => known.name)).toContain(mistake);
    const changed = cases.get(name) ?? {};

    // with other weights, so that scores are large; but some numbers don't overflow all the same
    if (mistake === "softmax-overflow" && changed.probs.data.every(Number.isFinite)) return;

    const report = checkArrays({ ...right, ...changed });

    // whatever it is called: it is seen, and nowhere else than in what was changed
    expect(report.agrees).toBe(false);
    if (mistake !== "saved-after-update") expect(Object.keys(changed)).toContain(report.first);
    const named =
      report.mistakes.length > 0 &&
      report.mistakes.every((found) => [found.name, ...found.alternatives].includes(mistake));
    tally.all++;
    if (named) tally.right++;
    else tally.missed.push(`${network} ${name}: ${report.mistakes.map((found) => found.name).join(", ")}`);
  });
});

test("at least 95% get the right name", () => {
  expect(tally.all).toBeGreaterThan(few(40, 250));
  expect(tally.right / tally.all, tally.missed.join("\n")).toBeGreaterThanOrEqual(0.95);
});
