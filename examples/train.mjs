/**
 * From images to a saved, evaluated model, in Node:
 *
 *     node examples/train.mjs [DATA] [MODEL.safetensors]
 *
 * DATA as for `unravel train --data`: mnist, digits (the default: drawn by the program), or a folder. Ctrl-C keeps the training in
 * MODEL.checkpoint, and the next start goes on from there.
 */
import { createEngine, evaluate, fit, lenet5 } from "unravel-cnn";
import { checkpointFolder, loadData, writeModel } from "unravel-cnn/node";

const [name = "digits", file = "model.safetensors"] = process.argv.slice(2);
const most = Number(process.env.IMAGES ?? 60_000);
const { train, test } = await loadData(name, { trainCount: most, drawCount: most });

const engine = await createEngine(lenet5({ input: train.shape, classes: train.classes }), { seed: 0 });
const folder = checkpointFolder(file.replace(/\.safetensors$/, ".checkpoint"));
await folder.prepare();
const controller = new AbortController();
process.once("SIGINT", () => controller.abort());

try {
  const resume = (await folder.holds()) ? await folder.load() : undefined;
  const { keptEpoch, epochs } = await fit(engine, train, {
    epochs: Number(process.env.EPOCHS ?? 20),
    augment: "auto",
    keep: "best", // sets a tenth of the images aside to know which that is
    patience: 4,
    signal: controller.signal,
    checkpoint: { every: { epochs: 1 }, save: folder.save },
    ...(resume && { resume }),
    onEpoch: ({ loss, valAccuracy }, epoch) =>
      console.log(
        `epoch ${epoch}: loss ${loss.toFixed(4)}, ${(100 * valAccuracy).toFixed(2)}% on validation images`,
      ),
  });
  const { accuracy } = await evaluate(engine, test);
  await writeModel(file, { model: engine.model, parameters: engine.parameters() });
  console.log(
    `kept epoch ${keptEpoch} of ${epochs.length}: ${(100 * accuracy).toFixed(2)}% on test images, in ${file}`,
  );
} catch (error) {
  if (!controller.signal.aborted) throw error;
  console.log(`interrupted; the training is kept in ${folder.path}`);
  process.exitCode = 130;
} finally {
  await engine.close();
}
