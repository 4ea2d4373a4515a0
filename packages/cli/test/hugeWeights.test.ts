import { readFile, writeFile } from "node:fs/promises";
import { beforeAll, expect, test } from "vitest";
import { defineModel, formatModel, initialParameters, oneConv } from "../../core/src/index.js";
import { expectRefusal, scratchFolder, succeed, unravel } from "./support/cli.js";
import { greyOf, pictureOf, pngOf } from "./support/pictures.js";

/* Weights that are finite numbers and far too large: what can still be said with them is said, and what can't isn't. */

const scratch = scratchFolder();
const files = { large: () => scratch("large.safetensors"), beyond: () => scratch("beyond.safetensors") };
const picture = () => scratch("stroke.png");

beforeAll(async () => {
  const model = defineModel(oneConv({ filters: 2 }));
  const write = async (file: string, change: (value: number) => number) => {
    const parameters = initialParameters(model, 0);
    for (const { data } of Object.values(parameters)) data.set(data.map(change));
    await writeFile(file, formatModel({ model, parameters }));
  };
  await write(files.large(), (value) => 1e18 * value);
  await write(files.beyond(), () => 3e38);
  const stroke = greyOf(60, 100, (x) => (x > 20 && x < 40 ? 255 : 0));
  await writeFile(picture(), pngOf(pictureOf(stroke)));
});

const overflow =
  /^The scores overflow: conv1 gives numbers beyond 3\.4e\+38, .*\(conv1\.weight up to 3\.0e\+38\).*\.$/;

test.concurrent("predict says that scores overflow, and which weights do it", async () => {
  expectRefusal(await unravel(["predict", files.beyond(), picture()]), 1, overflow);
  const { stdout } = await succeed(["predict", files.large(), picture()]);
  expect(stdout).toMatch(/ 1\.0000\n$/);
});

test.concurrent("explain writes its page and its lines, in powers of ten", async () => {
  for (const file of [files.large(), files.beyond()]) {
    const out = `${file}.html`;
    await succeed(["explain", file, picture(), "--out", out]);
    const page = (await readFile(out, "utf8")).replaceAll(/base64,[^"]*/g, "");
    expect(page).not.toMatch(/NaN|Infinity|e\+\d/);
    const { stdout } = await succeed(["explain", file, picture()]);
    expect(stdout).not.toMatch(/NaN|Infinity/);
    expect(stdout).toMatch(/×10[⁰¹²³⁴⁵⁶⁷⁸⁹]{2}/);
  }
});

test.concurrent("gradcheck doesn't call a backward pass wrong that can't be checked", async () => {
  const result = await unravel(["gradcheck", files.beyond(), "--cells", "2", "--images", "1", "--json"]);
  expectRefusal(result, 1, /^The gradients can't be checked: the scores are as large as /);
  await succeed(["gradcheck", files.large(), "--cells", "2", "--images", "1"]);
});
