import { afterEach, expect, test, vi } from "vitest";

const rows = Array.from({ length: 50 }, (_, k) => k);

/** The helper as it is with this environment. */
async function withLong(value: string) {
  vi.stubEnv("UNRAVEL_LONG", value);
  vi.resetModules();
  return import("./support/long.js");
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test("npm test takes a sample: always the same rows, in their order, from all over the table", async () => {
  const { LONG, few, sampleOf } = await withLong("");
  const sample = sampleOf(rows, 10);
  expect(LONG).toBe(false);
  expect(few("few", "all")).toBe("few");
  expect(new Set(sample).size).toBe(10);
  expect(sample).toEqual([...sample].sort((a, b) => a - b));
  expect(sampleOf(rows, 10)).toEqual(sample);
  expect(sampleOf(rows, 10, 2)).not.toEqual(sample);
  expect(sample[0]).toBeLessThan(25);
  expect(sample[9]).toBeGreaterThan(25);
  expect(sampleOf(rows, 60)).toEqual(rows);
});

test("npm run test:long takes all of them", async () => {
  const { few, sampleOf } = await withLong("1");
  expect(sampleOf(rows, 10)).toEqual(rows);
  expect(few("few", "all")).toBe("all");
});
