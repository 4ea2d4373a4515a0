import { spawn, spawnSync } from "node:child_process";
import { readFile, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { namesIn, temporaryFolder } from "../../../../test/support/folder.js";
import { testIfPresent } from "../../../../test/support/needs.js";
import { checkWritable, writeWhole } from "../../src/node/index.js";
import { nameFor, removeLeftovers } from "../../src/node/leftovers.js";

/*
 * What a process that was killed while it wrote has left is removed by the next one that writes there.
 */

/** A process that has ended: its number is nobody's, or somebody else's, whose file is then left alone. */
function goneProcess(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

const otherMachine = (name: string) => name.replace(/[0-9a-f]{8}/, "00000000");

async function makeOld(path: string): Promise<void> {
  const longAgo = Date.now() / 1000 - 2 * 86_400;
  await utimes(path, longAgo, longAgo);
}

test("removed: files of processes that are gone, and what nobody has touched for a day", async () => {
  const [gone, running] = [nameFor(goneProcess()), nameFor(process.ppid)];
  const [elsewhere, old] = [otherMachine(nameFor(goneProcess())), otherMachine(nameFor(1))];
  const notOurs = [`${gone}x`, `x${gone}`, gone.replace(".tmp", ".part"), ".unravel-1.tmp", "model.tmp"];
  const files = [gone, running, elsewhere, old, nameFor(process.pid), ...notOurs];
  const folder = await temporaryFolder(Object.fromEntries(files.map((name) => [name, "half"])));
  for (const name of [old, ...notOurs]) await makeOld(join(folder, name));

  await removeLeftovers(folder);

  const left = files.filter((name) => name !== gone && name !== old);
  expect(await namesIn(folder)).toEqual(left.sort());
});

test("a folder of such a name is left, and one that is missing is no mistake", async () => {
  const gone = nameFor(goneProcess());
  const folder = await temporaryFolder({ [gone]: null });
  await removeLeftovers(folder);
  await removeLeftovers(join(folder, "none"));
  expect(await namesIn(folder)).toEqual([gone]);
});

test("who only looks whether a file can be written there removes them, too", async () => {
  const folder = await temporaryFolder({ [nameFor(goneProcess())]: "half" });
  await checkWritable(join(folder, "model"));
  expect(await namesIn(folder)).toEqual([]);
});

testIfPresent(process.platform !== "win32", "Windows lets only some make symbolic links")(
  "a link of such a name is nobody's file, and left",
  async () => {
    const folder = await temporaryFolder();
    const gone = nameFor(goneProcess());
    await symlink("nowhere", join(folder, gone));
    await removeLeftovers(folder);
    expect(await namesIn(folder)).toEqual([gone]);
  },
);

testIfPresent(process.platform !== "win32", "Windows has no signals")(
  "killed while it writes: the file that was there stays, and the next one to write removes the rest",
  async () => {
    const folder = await temporaryFolder({ model: "old" });
    const module = new URL("../../dist/node/writeWhole.js", import.meta.url).href;
    // stops where all is written and nothing renamed yet
    const script = `
      import { open } from "node:fs/promises";
      const file = await open(${JSON.stringify(join(folder, "model"))});
      Object.getPrototypeOf(file).sync = () => new Promise((resolve) => { console.log("written"); setInterval(resolve, 1e9); });
      await file.close();
      const { writeWhole } = await import(${JSON.stringify(module)});
      await writeWhole(${JSON.stringify(join(folder, "model"))}, new Uint8Array(100_000));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.on("close", resolve));
    child.stdout.once("data", () => child.kill("SIGKILL"));
    expect(await ended, "it was killed, and did not end by itself").toBeNull();
    expect(await namesIn(folder)).toEqual([expect.stringMatching(/^\.unravel-.*\.tmp$/), "model"]);
    expect(await readFile(join(folder, "model"), "utf8")).toBe("old");

    await writeWhole(join(folder, "model"), new TextEncoder().encode("new"));
    expect(await namesIn(folder)).toEqual(["model"]);
    expect(await readFile(join(folder, "model"), "utf8")).toBe("new");
  },
);
