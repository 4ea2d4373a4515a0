import { execFileSync } from "node:child_process";
import { chmod, lstat, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, type TestContext, test } from "vitest";
import { namesIn, temporaryFolder } from "../../../../test/support/folder.js";
import { expectFailure, expectInputError } from "../../../../test/support/sentence.js";
import { checkWritable, openToRead, readBytes, writeWhole } from "../../src/node/index.js";

const content = Uint8Array.from({ length: 5000 }, (_, k) => k % 256);

/** A test of what only Linux has for certain: devices, pipes, modes, symbolic links. */
function testOnLinux(name: string, run: (context: TestContext) => unknown): void {
  test(name, async (context) => {
    context.skip(process.platform !== "linux", "devices, modes and symbolic links are tested on Linux");
    await run(context);
  });
}

describe("writing a file as a whole", () => {
  test("a new one, and nothing beside it", async () => {
    const folder = await temporaryFolder();
    await writeWhole(join(folder, "new"), content);
    expect(new Uint8Array(await readFile(join(folder, "new")))).toEqual(content);
    expect(await namesIn(folder)).toEqual(["new"]);
  });

  test("in place of a longer one", async () => {
    const folder = await temporaryFolder({ old: "x".repeat(9999) });
    await writeWhole(join(folder, "old"), content);
    expect(new Uint8Array(await readFile(join(folder, "old")))).toEqual(content);
    expect(await namesIn(folder)).toEqual(["old"]);
  });

  test("nothing, and a name as long as names may be", async () => {
    const folder = await temporaryFolder();
    const name = "n".repeat(255);
    await writeWhole(join(folder, name), new Uint8Array());
    expect(await namesIn(folder)).toEqual([name]);
  });

  testOnLinux("beside its place, then renamed: who has the old one open keeps it", async () => {
    const folder = await temporaryFolder({ old: "old" });
    const before = await stat(join(folder, "old"));
    await writeWhole(join(folder, "old"), content);
    expect((await stat(join(folder, "old"))).ino).not.toBe(before.ino);
  });

  test.each(["new", "old"])("many at once to one %s file: one of them, whole", async (name) => {
    const folder = await temporaryFolder({ old: "old" });
    const contents = Array.from({ length: 8 }, (_, k) => new Uint8Array(100_000).fill(k));
    await Promise.all(contents.map((bytes) => writeWhole(join(folder, name), bytes)));
    const written = new Uint8Array(await readFile(join(folder, name)));
    expect(written).toEqual(contents[written[0]]);
    expect(await namesIn(folder)).toEqual(name === "old" ? ["old"] : ["new", "old"]);
  });

  testOnLinux("its mode is kept, whatever the umask", async () => {
    const folder = await temporaryFolder({ old: "old" });
    for (const mode of [0o600, 0o644, 0o666, 0o755]) {
      await chmod(join(folder, "old"), mode);
      await writeWhole(join(folder, "old"), content);
      expect((await stat(join(folder, "old"))).mode & 0o7777).toBe(mode);
    }
  });

  testOnLinux("a new one has the mode that new files have", async () => {
    const folder = await temporaryFolder({ usual: "" });
    await writeWhole(join(folder, "new"), content);
    expect((await stat(join(folder, "new"))).mode).toBe((await stat(join(folder, "usual"))).mode);
  });

  testOnLinux("a symbolic link stays one, and its file is written", async () => {
    const folder = await temporaryFolder({ "else/where": "old" });
    await symlink("else/where", join(folder, "link"));
    await symlink("link", join(folder, "link to link"));
    await writeWhole(join(folder, "link to link"), content);
    expect(await readlink(join(folder, "link to link"))).toBe("link");
    expect(await readlink(join(folder, "link"))).toBe("else/where");
    expect(new Uint8Array(await readFile(join(folder, "else", "where")))).toEqual(content);
    expect(await namesIn(join(folder, "else"))).toEqual(["where"]);
  });

  testOnLinux("also one that points to nothing yet", async () => {
    const folder = await temporaryFolder({ else: null });
    await symlink("else/where", join(folder, "link"));
    await writeWhole(join(folder, "link"), content);
    expect((await lstat(join(folder, "link"))).isSymbolicLink()).toBe(true);
    expect(new Uint8Array(await readFile(join(folder, "else", "where")))).toEqual(content);
  });
});

/** A pipe that nobody reads or writes. */
async function pipeIn(folder: string): Promise<string> {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  return pipe;
}

describe("writing that fails", () => {
  test.each<readonly [string, string, RegExp]>([
    [
      "the folder is missing",
      "none/new",
      /none.new could not be written: there is no such file or folder\.$/,
    ],
    ["it is a folder", "folder", /folder could not be written: /],
    [
      "the parent is a file",
      "file/new",
      /file.new could not be written: (a part of its path is a file|there is no)/,
    ],
    [
      "the name is too long",
      "n".repeat(256),
      /could not be written: (the name is too long|there is no such)/,
    ],
  ])("%s", async (_, name, message) => {
    const folder = await temporaryFolder({ file: "kept", "folder/inside": "kept" });
    await expectFailure(() => writeWhole(join(folder, name), content), message);
    expect(await namesIn(folder)).toEqual(["file", "folder"]);
    expect(await namesIn(join(folder, "folder"))).toEqual(["inside"]);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("kept");
  });

  testOnLinux("the file is too large half-way: what was there stays, and nothing else", async () => {
    const folder = await temporaryFolder({ old: "kept" });
    // A process may be forbidden to write files beyond a size; then a write fails half-way, as on a full disk.
    const script = `
      process.on("SIGXFSZ", () => {});
      const { checkWritable, writeWhole } = await import(${JSON.stringify(built("node/writeWhole.js"))});
      const bytes = 1_000_000;
      for (const work of [() => writeWhole("old", new Uint8Array(bytes)), () => checkWritable("old", bytes)])
        await work().catch((error) => console.log(error.name, error.message));`;
    const printed = execFileSync(
      "/bin/sh",
      ["-c", 'ulimit -f 100; exec "$0" --input-type=module -e "$1"', process.execPath, script],
      { cwd: folder, encoding: "utf8" },
    );
    expect(printed.split("\n")).toEqual([
      "FailureError old could not be written: the file is too large.",
      "FailureError old cannot be written: the file is too large.",
      "",
    ]);
    expect(await namesIn(folder)).toEqual(["old"]);
    expect(await readFile(join(folder, "old"), "utf8")).toBe("kept");
  });
});

testOnLinux(
  "what is no file is never written to: a pipe without a reader doesn't hold the process up",
  async () => {
    const folder = await temporaryFolder();
    const pipe = await pipeIn(folder);
    await expectFailure(
      () => writeWhole(pipe, content),
      /pipe could not be written: it is a pipe, not a file\.$/,
    );
    await expectInputError(
      () => checkWritable(pipe),
      /pipe is a pipe, not a file; give the name of a file\.$/,
    );
    for (const device of ["/dev/full", "/dev/null"]) {
      await expectFailure(
        () => writeWhole(device, content),
        /could not be written: it is a device, not a file\.$/,
      );
      await expectInputError(
        () => checkWritable(device),
        /is a device, not a file; give the name of a file\.$/,
      );
      expect((await stat(device)).isCharacterDevice()).toBe(true);
    }
    expect((await stat(pipe)).isFIFO()).toBe(true);
    expect(await namesIn(folder)).toEqual(["pipe"]);
  },
);

function built(file: string): string {
  return new URL(`../../dist/${file}`, import.meta.url).href;
}

describe("whether a file could be written", () => {
  test("yes: a new one, one that is there, and neither is touched", async () => {
    const folder = await temporaryFolder({ old: "kept" });
    await checkWritable(join(folder, "new"));
    await checkWritable(join(folder, "old"));
    expect(await namesIn(folder)).toEqual(["old"]);
    expect(await readFile(join(folder, "old"), "utf8")).toBe("kept");
  });

  testOnLinux("yes: a link to where a file can be", async () => {
    const folder = await temporaryFolder({ else: null });
    await symlink("else/where", join(folder, "link"));
    await checkWritable(join(folder, "link"));
  });

  test.each<readonly [string, string, RegExp]>([
    ["a folder", "folder", /folder is a folder; give the name of a file\.$/],
    ["what is called like a folder", "new/", /new\/ is a folder; give the name of a file\.$/],
    [
      "in a folder that is missing",
      "none/new",
      /none.new cannot be written: .*none: there is no such file or fol/,
    ],
    ["in a file", "file/new", /file.new cannot be written: .*file is not a folder\.$/],
    [
      "below a file",
      "file/a/new",
      /file.a.new cannot be written: .*(a part of its path is a file|no such file)/,
    ],
  ])("no: %s", async (_, name, message) => {
    const folder = await temporaryFolder({ file: "kept", folder: null });
    await expectInputError(() => checkWritable(`${folder}/${name}`), message);
    expect(await namesIn(folder)).toEqual(["file", "folder"]);
  });

  test("no: without a name", () =>
    expectInputError(() => checkWritable(""), /^The name of the file .* is empty/));

  testOnLinux("no: through a link into nowhere", async () => {
    const folder = await temporaryFolder();
    await symlink("none/where", join(folder, "link"));
    await expectInputError(
      () => checkWritable(join(folder, "link")),
      /link cannot be written: .*none: there is no/,
    );
  });

  testOnLinux(
    "no: in a folder that one may not write to, nor a file that is write-protected",
    async (context) => {
      context.skip(process.getuid?.() === 0, "root may write everywhere");
      const folder = await temporaryFolder({ locked: null, kept: "kept" });
      await chmod(join(folder, "locked"), 0o555);
      await chmod(join(folder, "kept"), 0o444);
      await expectInputError(() => checkWritable(join(folder, "kept")), /kept: permission denied\.$/);
      await expectInputError(
        () => checkWritable(join(folder, "locked", "new")),
        /locked: permission denied\.$/,
      );
    },
  );
});

describe("reading a file", () => {
  test.each<readonly [string, string, RegExp]>([
    ["missing", "none", /none: there is no such file or folder\.$/],
    ["a folder", "folder", /folder: it is a folder, not a file\.$/],
  ])("%s", async (_, name, message) => {
    const folder = await temporaryFolder({ folder: null });
    await expectInputError(() => readBytes(join(folder, name)), message);
  });

  testOnLinux("pipes without a writer hold nothing up, and one whose writer comes is read", async () => {
    const folder = await temporaryFolder({ other: "other" });
    const pipe = await pipeIn(folder);
    // more of them than there are threads that could wait
    const waiting = await Promise.all(Array.from({ length: 8 }, () => openToRead(pipe)));
    expect(await readFile(join(folder, "other"), "utf8")).toBe("other");
    for (const stream of waiting) stream.destroy();
    const [bytes] = await Promise.all([readBytes(pipe), writeFile(pipe, content)]);
    expect(new Uint8Array(bytes)).toEqual(content);
  });

  testOnLinux("a link that goes round in a circle", async () => {
    const folder = await temporaryFolder();
    await symlink("b", join(folder, "a"));
    await symlink("a", join(folder, "b"));
    await expectInputError(
      () => readBytes(join(folder, "a")),
      /a: its symbolic links go round in a circle\.$/,
    );
    await expectFailure(
      () => writeWhole(join(folder, "a"), content),
      /a could not be written: its symbolic links go/,
    );
    expect(await namesIn(folder)).toEqual(["a", "b"]);
  });
});
