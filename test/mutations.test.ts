import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { few } from "./support/long.js";

/*
 * Damaged files of each kind are read or refused with a sentence, soon and within bounds: some of them here, as many as
 * one likes with scripts/reliability/mutations.mjs.
 */

const support = (name: string) =>
  import(new URL(`../scripts/reliability/support/${name}.mjs`, import.meta.url).href);
const { mutator, isSentence } = await support("mutate");
const { readersIn } = await support("readers");
const folder = mkdtempSync(join(tmpdir(), "unravel-mutations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Reader {
  readonly name: string;
  readonly read: (bytes: Uint8Array) => unknown;
  readonly samples: unknown[][];
}

const readers: Reader[] = readersIn(folder);

test.each(readers)("$name", async (reader) => {
  const { counts, faults } = await mutator(1, few(80, 250))(reader);
  expect(faults).toEqual([]);
  // The damage is neither harmless nor hopeless.
  expect(counts.read).toBeGreaterThan(0);
  expect(counts.refused).toBeGreaterThan(0.5 * counts.files);
});

describe("what it finds", () => {
  const find = async (read: () => unknown) => {
    const samples = [[undefined, () => new Uint8Array(9)]];
    const { faults } = await mutator(7, 1)({ name: "mine", read, samples, share: 1, factor: 40 });
    return faults;
  };

  test("an error of another kind", async () => {
    const faults = await find(() => (undefined as unknown as Uint8Array).length);
    expect(faults).toEqual([expect.stringMatching(/^mine, file 0 of seed 7: TypeError: /)]);
  });

  test("a refusal that is no sentence", async () => {
    const { InputError: Built } = await import("unravel-cnn");
    expect(
      await find(() => {
        throw new Built("wrong");
      }),
    ).toEqual([expect.stringContaining('no sentence: "wrong"')]);
    expect(
      await find(() => {
        throw new Built("FILE: its length at byte 3 is too large.");
      }),
    ).toEqual([]);
    for (const text of [
      "It is\nbroken in two lines.",
      "It has undefined bytes too many.",
      "It is wrong. It is bad.",
    ])
      expect(isSentence(text), text).toBe(false);
  });

  test("memory for what is only promised", async () => {
    const held: Uint8Array[] = [];
    const faults = await find(() => held.push(new Uint8Array(2 ** 20)));
    expect(faults).toEqual([expect.stringMatching(/bytes held of a file of 9$/)]);
  });
});
