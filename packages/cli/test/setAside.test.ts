import { mkdir, writeFile } from "node:fs/promises";
import { checkpointFolder } from "unravel-cnn/node";
import { expect, test } from "vitest";
import { scratchFolder, succeed } from "./support/cli.js";
import { greyOf, pictureOf, pngOf } from "./support/pictures.js";
import { writeShapes } from "./support/shapes.js";

/* What --validation sets aside of which data. */

const scratch = scratchFolder();

test("of a folder of pictures it is of each class its share, of other data any images, as ever", async () => {
  for (const [name, count] of [
    ["common", 20],
    ["rare", 5],
  ] as const) {
    await mkdir(scratch("photos", name), { recursive: true });
    for (let k = 0; k < count; k++) {
      const picture = greyOf(12, 12, (x, y) => (x * y * (k + count)) % 256);
      await writeFile(scratch("photos", name, `${k}.png`), pngOf(pictureOf(picture)));
    }
  }
  await writeShapes(scratch("shapes"), { train: 40, test: 20 });
  for (const [data, stratify] of [
    ["photos", true],
    ["shapes", false],
  ] as const) {
    const kept = scratch(`${data}-checkpoint`);
    const options = ["--model", "one-conv", "--filters", "1", "--validation", "0.2", "--epochs", "1"];
    const env = { XDG_CACHE_HOME: scratch("cache"), LOCALAPPDATA: scratch("cache"), HOME: scratch("home") };
    await succeed(["train", "--data", scratch(data), ...options, "--checkpoint", kept, "--quiet"], { env });
    const { about } = await checkpointFolder(kept).load();
    expect(about.settings, data).toMatchObject({ validation: 0.2, stratify });
  }
});
