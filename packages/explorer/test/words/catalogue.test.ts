import { describe, expect, expectTypeOf, onTestFinished, test, vi } from "vitest";
import { de } from "../../src/words/catalogue/de/index.js";
import { en } from "../../src/words/catalogue/en/index.js";
import { firstSpoken, numberIn, say } from "../../src/words/catalogue/index.js";
import type { Given, Message } from "../../src/words/catalogue/message.js";

/* What is said in English and German. That the page speaks the language that was chosen is in collect.test.ts. */

const texts = (message: Message) => (typeof message === "string" ? [message] : Object.values(message));
const namesIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe("the catalogue", () => {
  test.each(Object.keys(en) as (keyof typeof en)[])(
    "says %s in both languages, of the same things",
    (key) => {
      expect(de).toHaveProperty([key]);
      const wanted = namesIn(texts(en[key]).at(-1) as string);
      for (const text of [...texts(en[key]), ...texts(de[key])]) {
        expect(text.trim()).toBe(text);
        expect(text).not.toBe("");
        // a form for one may say "one" in words
        expect(namesIn(text).filter((name) => name !== "count")).toEqual(
          wanted.filter((name) => name !== "count"),
        );
      }
    },
  );

  test("has no key in German that English lacks", () => {
    expect(Object.keys(de).filter((key) => !(key in en))).toEqual([]);
  });

  test("asks for what stands in braces, and for a count where there are forms", () => {
    expectTypeOf<Given<"{name} has {share}">>().toEqualTypeOf<{
      readonly name: string | number;
      readonly share: string | number;
    }>();
    expectTypeOf<Given<{ one: "one"; other: "{count} of {name}" }>>().toEqualTypeOf<{
      readonly count: number;
      readonly name: string | number;
    }>();
  });
});

describe("a message", () => {
  test("has the form that its count wants, and numbers as the language writes them", () => {
    expect(say("en", "collect.pictures", { count: 1 })).toBe("1 picture");
    expect(say("de", "collect.pictures", { count: 1 })).toBe("1 Bild");
    expect(say("en", "collect.pictures", { count: 0 })).toBe("0 pictures");
    expect(say("en", "collect.pictures", { count: 1234 })).toBe("1,234 pictures");
    expect(say("de", "collect.pictures", { count: 1234 })).toBe("1.234 Bilder");
    expect(numberIn("de", 0.985, { style: "percent", maximumFractionDigits: 1 })).toBe("98,5\u00a0%");
  });

  test("with a small number is said without a format, which browsers are slow to make", () => {
    const formats = [vi.spyOn(Intl, "NumberFormat"), vi.spyOn(Intl, "PluralRules")];
    onTestFinished(() => {
      for (const format of formats) format.mockRestore();
    });
    expect(say("en", "collect.pictures", { count: 999 })).toBe("999 pictures");
    expect(say("de", "start.about", { count: 6 })).toContain("6");
    for (const format of formats) expect(format).not.toHaveBeenCalled();
  });
});

describe("the language at the first visit", () => {
  test.each([
    [["de-AT", "en"], "de"],
    [["fr-FR", "DE", "en-GB"], "de"],
    [["en-GB", "de"], "en"],
    [["fr"], "en"],
    [[], "en"],
  ])("for a browser set to %j is %s", (wanted, expected) => {
    expect(firstSpoken(wanted)).toBe(expected);
  });
});
