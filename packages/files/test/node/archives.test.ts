import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../../../test/support/folder.js";
import type { ImageFolderOptions } from "../../dist/node/index.js";
import { longNamed, paxNamed, tarOf, zipOf } from "../support/archives.js";
import { pngOf, twoClasses } from "../support/pictures.js";
import { labelled, labelledAs, read, readFiles, refusal } from "../support/reading.js";

/* From an archive of pictures to labelled images; nothing is unpacked on the disk. */

const both = labelledAs(twoClasses());

describe("archives hold the same", () => {
  const files = twoClasses();
  const entries = Object.entries(files).map(([name, content]) => ({ name, content }));
  const given = async (name: string, bytes: Uint8Array, options?: ImageFolderOptions) =>
    read(join(await temporaryFolder({ [name]: bytes }), name), options);

  test.each<[string, Uint8Array]>([
    ["a.tar", tarOf(entries)],
    ["a.tar.gz", gzipSync(tarOf(entries))],
    ["called.tgz", gzipSync(tarOf(entries))],
    ["a.zip", zipOf(entries)],
    ["stored.zip", zipOf(entries.map((entry) => ({ ...entry, stored: true })))],
  ])("%s", async (name, bytes) => {
    const data = await given(name, bytes);
    expect(labelled(data)).toEqual(both);
    const folder = await readFiles(files);
    expect([data.train.images, data.test.images]).toEqual([folder.train.images, folder.test.images]);
  });

  test("what leads out, links, and a system's files are left out, and said", async () => {
    const tar = tarOf([
      ...entries,
      { name: "../out.png", content: pngOf(9) },
      { name: "/etc/cat/x.png", content: pngOf(9) },
      { name: "cat/link.png", type: "2" },
      { name: "__MACOSX/cat/._0.png", content: pngOf(9) },
    ]);
    const data = await given("a.tar", tar);
    expect(labelled(data)).toEqual(both);
    expect(data.remarks).toEqual([
      "1 link was left out: cat/link.png.",
      "2 files were left out whose names lead out of the archive: ../out.png and /etc/cat/x.png.",
    ]);
    const zip = await given(
      "a.zip",
      zipOf([
        ...entries,
        { name: "..\\out.png", content: pngOf(9) },
        { name: "cat/l.png", content: pngOf(8), link: true },
      ]),
    );
    expect(labelled(zip)).toEqual(both);
    expect(zip.remarks).toHaveLength(2);
  });

  test("long names", async () => {
    const long = `cat/${"long ".repeat(30)}.png`;
    const longer = `dog/${"länger ".repeat(30)}.png`;
    const data = await given(
      "a.tar",
      tarOf([...entries, ...longNamed(long, pngOf(80)), ...paxNamed(longer, pngOf(81))]),
    );
    expect(labelled(data)).toEqual([...both, `${long} cat`, `${longer} dog`].sort());
  });

  const tar = tarOf(entries);
  const zip = zipOf(entries);
  test.each<[string, string, Uint8Array, RegExp]>([
    ["a tar that is cut short", "a.tar", tar.subarray(0, 700), /a\.tar: it is cut short; get it again/],
    ["a packed tar that is cut short", "a.tar.gz", gzipSync(tar).subarray(0, 500), /gzip data is damaged/],
    ["no tar", "a.tar", new Uint8Array(2000).fill(65), /it is damaged or no tar archive/],
    [
      "a damaged header",
      "a.tar",
      Uint8Array.from(tar, (byte, k) => (k === 20 ? 7 : byte)),
      /it is damaged or no tar/,
    ],
    ["a file twice in a tar", "a.tar", tarOf([...entries, entries[0]]), /holds the file cat\/0\.png twice/],
    ["a zip that is cut short", "a.zip", zip.subarray(0, 900), /it is cut short, or no zip archive/],
    [
      "a damaged directory",
      "a.zip",
      Uint8Array.from(zip, (byte, k) => (k === zip.length - 100 ? byte ^ 255 : byte)),
      /damaged|cut short/,
    ],
    [
      "an encrypted zip",
      "a.zip",
      zipOf([{ ...entries[0], encrypted: true }, ...entries.slice(1)]),
      /it is encrypted \(cat\/0\.png\); unpack/,
    ],
    ["a file twice in a zip", "a.zip", zipOf([...entries, entries[0]]), /holds the file cat\/0\.png twice/],
    [
      "another way of packing",
      "a.zip",
      zipOf([{ ...entries[0], method: 12 }, ...entries.slice(1)]),
      /cat\/0\.png: it is packed in a way .* \(method 12\)/,
    ],
    [
      "a wrong checksum",
      "a.zip",
      zipOf([{ ...entries[0], crc: 1 }, ...entries.slice(1)]),
      /cat\/0\.png: what it is packed to is damaged/,
    ],
    [
      "a bomb",
      "a.zip",
      zipOf([
        { ...entries[0], size: 2 ** 32 - 2 },
        { ...entries[1], size: 2 ** 32 - 2 },
      ]),
      /unpacks to more than 4 GiB/,
    ],
    [
      "7z",
      "a.7z",
      Uint8Array.of(0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c),
      /it is a 7z archive, which can't be read; unpack/,
    ],
    ["a picture", "a.png", pngOf(1), /it is a single PNG picture, not a folder/],
    ["nothing", "a.zip", new Uint8Array(0), /it is empty; get it again/],
    [
      "an IDX file",
      "train-images-idx3-ubyte.gz",
      Uint8Array.of(31, 139, 8),
      /it is one of four IDX files; give the folder/,
    ],
    ["a text", "a.txt", new Uint8Array(Buffer.from("hello")), /it is text, not a folder/],
  ])("%s: a sentence", async (_, name, bytes, message) => {
    expect(await refusal(given(name, bytes))).toMatch(message);
  });
});
