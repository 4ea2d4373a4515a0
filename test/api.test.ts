import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, expect, test } from "vitest";

/* The API reference, docs/api/: made of the types and comments that the compiler wrote. */

interface Exported {
  readonly name: string;
  readonly kind: string;
  readonly source: string;
  readonly text: string;
}

const root = join(import.meta.dirname, "..");
const load = (path: string) =>
  import(/* @vite-ignore */ pathToFileURL(join(root, "scripts", "api", path)).href);

let rendered: readonly (readonly [name: string, text: string])[];
let names: readonly Exported[];

beforeAll(async () => {
  const all = (await load("exports.mjs")).exportsOf((await load("themes.mjs")).pages);
  names = all.flat();
  rendered = (await load("render.mjs")).render(all);
}, 60_000);

test("the committed pages are what the sources say; npm run api writes them", () => {
  const folder = join(root, "docs", "api");
  expect(readdirSync(folder).sort()).toEqual(rendered.map(([name]) => name).sort());
  for (const [name, text] of rendered) {
    // not the pages themselves: they are long
    expect(readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n") === text, name).toBe(true);
  }
});

test("everything that is exported says what it is", () => {
  expect(names.length).toBeGreaterThan(300);
  const silent = names.filter(({ text }) => !/\S/.test(text));
  expect(silent.map(({ name, source }) => `${name} in ${source}.ts`)).toEqual([]);
});

test("the pages name no place on a machine, and their links lead to headings", () => {
  const anchors = new Map(
    rendered.map(([file, text]) => {
      const seen = new Map<string, number>();
      const headings = text.replace(/```.*?```/gs, "").matchAll(/^#+ (.*)$/gm);
      return [
        file,
        new Set(
          Array.from(headings, ([, heading]) => {
            const own = heading
              .toLowerCase()
              .replace(/[^\w -]/g, "")
              .replaceAll(" ", "-");
            const before = seen.get(own) ?? 0;
            seen.set(own, before + 1);
            return before === 0 ? own : `${own}-${before}`;
          }),
        ),
      ] as const;
    }),
  );
  for (const [file, text] of rendered) {
    expect(text.match(/file:\/\/|\bimport\("|[A-Z]:\\|\/(home|Users|tmp|work)\//g), file).toBe(null);
    for (const [, page, anchor] of text.matchAll(/\]\(([\w-]+\.md)?#([\w-]+)\)/g)) {
      expect(anchors.get(page ?? file)?.has(anchor), `${file}: ${page ?? ""}#${anchor}`).toBe(true);
    }
  }
});
