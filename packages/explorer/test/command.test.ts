import { join } from "node:path";
import { readModel } from "unravel-cnn/node";
import { expect, onTestFinished, test } from "vitest";
import { allowRelaxedSimd } from "../../cli/src/engine.js";
import { succeed } from "../../cli/test/support/cli.js";
import { Session } from "../src/training/session.js";
import { commandFor, defaults, type Settings } from "../src/training/settings.js";
import { dataFolder, drawnPair } from "./support/training.js";

/* The command that the page shows for the same weights gives them. That of a training in a browser is run in train.test.ts. */

allowRelaxedSimd(); // as in the browser and on the command line

test.each<Partial<Settings>>([
  {},
  { network: "lenet5", filters: 3, kernel: 5, units: 7 }, // what belongs to other layers doesn't count
  { network: "resnet" },
  { augment: true },
])("the command for %o gives the page's weights, bit for bit", async (some) => {
  const pair = await drawnPair(10, 4);
  const settings: Settings = {
    ...defaults,
    data: "mnist",
    images: 10,
    validation: 2,
    epochs: 1,
    batchSize: 4,
    ...some,
  };
  const session = await Session.open(settings, pair, { threads: 0 });
  onTestFinished(() => session.close());
  while (!session.training.done) await session.advance();

  const folder = await dataFolder(pair);
  const out = join(folder, "trained.safetensors");
  const [, ...command] = commandFor(settings)?.split(" ") ?? [];
  await succeed([...command, "--offline", "--out", out, "--quiet"], { env: { UNRAVEL_DATA: folder } });
  const { model, parameters } = await readModel(out);
  expect(model.layers.map(({ name }) => name)).toEqual(session.engine.model.layers.map(({ name }) => name));
  expect(parameters).toEqual(session.engine.parameters());
});
