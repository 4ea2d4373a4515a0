import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import { expectSentence } from "../../../../test/support/sentence.js";
import type { ImageFolder } from "../../dist/node/index.js";
import { zipOf } from "../support/archives.js";
import { pngOf, twoClasses } from "../support/pictures.js";
import { labelled, labelledAs, read, readFiles, refusal } from "../support/reading.js";

/* Files that are no pictures, or no longer: a sentence for each. */

describe("broken files", () => {
  const sound = twoClasses(8);
  const png = pngOf(3);
  const odd: Record<string, Uint8Array | string> = {
    "empty.png": "",
    "text.jpg": "this is no picture",
    "page.jpg": "<!doctype html><html>404</html>",
    "cut.png": png.subarray(0, png.length - 20),
    "changed.png": Uint8Array.from(png, (byte, k) => (k === png.length - 30 ? byte ^ 255 : byte)),
    "head only.png": png.subarray(0, 8),
    "huge.png": hugePng(),
    "vector.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
    "bitmap.bmp": new Uint8Array(Buffer.from("BM\x9a\0\0\0\0\0\0\0", "latin1")),
    "scan.tiff": new Uint8Array(Buffer.from("II*\0\x08\0\0\0", "latin1")),
    "phone.heic": new Uint8Array(Buffer.from("\0\0\0\x18ftypheic\0\0\0\0", "latin1")),
    "photo.avif": new Uint8Array(Buffer.from("\0\0\0\x18ftypavif\0\0\0\0", "latin1")),
    "short.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16),
    "no frame.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xd9, 0, 0, 0, 0, 0, 0, 0, 0),
    "cut.gif": new Uint8Array(Buffer.from("GIF89a\x06\0\x05\0")),
    "empty.gif": new Uint8Array(Buffer.from("GIF89a\x06\0\x05\0\0\0\0;", "latin1")),
    "cut.webp": new Uint8Array(Buffer.from("RIFF\xff\0\0\0WEBPVP8 ", "latin1")),
    "odd.webp": new Uint8Array(Buffer.from("RIFF\x10\0\0\0WEBPABCD\x04\0\0\0\0\0\0\0", "latin1")),
  };
  const files = {
    ...sound,
    ...Object.fromEntries(Object.entries(odd).map(([name, bytes]) => [`cat/${name}`, bytes])),
  };

  test("each is named in a sentence; all are an error", async () => {
    const folder = await temporaryFolder(files);
    const error = await read(folder).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "InputError" });
    const { message, problems } = error as Error & { problems: string[] };
    expectSentence(message);
    expect(message).toMatch(
      /: 18 of its 34 pictures can't be read \(cat\/.*, \.\.\.\); mend or remove them, or leave them out/,
    );
    expect(problems.map((problem) => problem.slice(4).split(": ")[0]).sort()).toEqual(
      Object.keys(odd).sort(),
    );
    for (const problem of problems) expectSentence(problem);
  });

  test.each(["folder", "zip"])("in a %s they can be left out, and are counted", async (kind) => {
    const folder = await temporaryFolder({
      ...(kind === "folder" ? files : {}),
      ...(kind === "zip" && {
        "a.zip": zipOf(
          Object.entries(files).map(([name, content]) => ({ name, content: Buffer.from(content) })),
        ),
      }),
    });
    const data = await read(kind === "zip" ? join(folder, "a.zip") : folder, { skipBroken: true });
    expect(labelled(data)).toEqual(labelledAs(sound));
    expect(data.broken).toHaveLength(18);
    const whole = await readFiles(sound, { size: [6, 5] });
    const bytes = ({ train, test: tested }: ImageFolder) =>
      [...train.images, ...tested.images].reduce((sum, value) => sum + value, 0);
    expect(bytes(data)).toBe(bytes(whole));
  });

  test("without those, a class may have too few", async () => {
    const few = { ...twoClasses(2), "cat/0.png": "", "cat/1.png": "" };
    expect(await refusal(readFiles(few, { skipBroken: true }))).toMatch(
      /too few pictures are left to train on of cat/,
    );
  });
});

/** A PNG that claims 100,000 x 100,000 pixels. */
function hugePng(): Uint8Array {
  const png = Buffer.from(pngOf(1));
  png.writeUInt32BE(100_000, 16);
  png.writeUInt32BE(100_000, 20);
  return new Uint8Array(png);
}
