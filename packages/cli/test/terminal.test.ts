import { expect, test } from "vitest";
import { ended, type RunOptions, scratchFolder, unravel } from "./support/cli.js";
import { useShapes } from "./support/shapes.js";
import { drawnOver, screenAfter, startOnTerminal, testWithTerminal } from "./support/terminal.js";

/*
 * What a person sees on a terminal: once on a real one, then in streams that say that they are one. Each run takes the slow
 * engine, one image at a time, so that a bar has time to move.
 */

const scratch = scratchFolder();
const data = useShapes(scratch, "shapes");

const run = () => ["train", ...data(), "--engine", "reference", "--batch-size", "1"];
const BAR = /^Epoch [123]\/3 \[#*-*\] +\d+%/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOUR = /\x1b\[[\d;]*m/;

/** Runs a command; both its streams are a terminal. */
async function show(args: readonly string[], options: RunOptions = {}) {
  const { code, stdout: text } = await unravel(args, { columns: 80, ...options });
  expect(code, text).toBe(0);
  return { text, screen: screenAfter(text) };
}

test("the terminal of these tests shows what a terminal would", () => {
  expect(screenAfter("one\r\ntwo three\rTW\x1b[1mO\x1b[22m\r\n[##--]\r\x1b[K")).toEqual([
    "one",
    "TWO three",
    "",
  ]);
  expect(screenAfter("[##--]\rx")).toEqual(["x##--]"]);
});

function expectOneBar(text: string, columns: number): void {
  const bars = drawnOver(text).filter((line) => BAR.test(line));
  expect(bars.length).toBeGreaterThan(1);
  expect(new Set(bars).size).toBeGreaterThan(1);
  for (const bar of bars) expect(`${bar}^C`.length, bar).toBeLessThan(columns); // what wraps can't be drawn over
  expect(bars[0]).toContain("loss ");
  if (columns === 80) expect(bars[0]).toMatch(/images\/s {2}ETA \d+:\d\d$/);
  const screen = screenAfter(text);
  expect(screen.join("\n")).not.toMatch(/\[#|-\]/);
  expect(screen.filter((line) => line.startsWith("Epoch "))).toHaveLength(3);
  expect(screen.at(-1)).toBe("");
  expect(screen.at(-2)).toMatch(/^Test accuracy /);
}

testWithTerminal("a bar is drawn in place, on one line, and is gone in the end", async () => {
  const { code, stdout: text } = await ended(startOnTerminal(run(), { columns: 80 }));
  expect(code, text).toBe(0);
  expectOneBar(text, 80);
});

test("at 40 columns it is shorter, and with NO_COLOR there are no colours, and still a bar", async () => {
  const { text } = await show(run(), { columns: 40, env: { NO_COLOR: "1" } });

  expectOneBar(text, 40);
  expect(text).not.toMatch(COLOUR);
});

test("at 80 columns no line is wider", async () => {
  const { screen } = await show(["train", ...data(), "--limit", "60", "--validation", "0.1"]);

  for (const line of screen) expect(line.length, line).toBeLessThanOrEqual(80);
});

test("results are set off with bold and dim, which read well on dark and light", async () => {
  const { text } = await show([...run(), "--limit", "60"]);

  const codes = new Set([...text.matchAll(new RegExp(COLOUR, "g"))].map(([code]) => code.slice(2)));
  expect([...codes].sort()).toEqual(["1m", "22m", "2m"]);
  expect(text.replaceAll("\x1b", "ESC")).toMatch(/Test accuracy ESC\[1m\d+\.\d\d%ESC\[22m on shapes/);
});

test("an empty NO_COLOR means nothing", async () => {
  expect((await show(["summary"], { env: { NO_COLOR: "" } })).text).toMatch(COLOUR);
});

test("TERM=dumb: plain lines only", async () => {
  const { text } = await show([...run(), "--epochs", "1", "--limit", "60"], { env: { TERM: "dumb" } });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/);
});

test("--quiet: the last line only", async () => {
  const { screen } = await show([...run(), "--epochs", "1", "--limit", "60", "--quiet"]);

  expect(screen).toEqual([expect.stringMatching(/^Test accuracy /), ""]);
});
