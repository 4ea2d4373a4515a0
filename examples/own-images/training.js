/** The worker of main.js: from files to a trained network, whose bytes are those of a `.safetensors` file. */
import { borrowWorkers, createEngine, evaluate, fit, formatModel, resnet } from "unravel-cnn";
import { imagesFromFiles } from "unravel-files";

const EPOCHS = 15;
const tell = (message, share) => self.postMessage({ message, share });

self.onmessage = async ({ data: { files, port } }) => {
  try {
    const { train, test, pictures, normalize } = await imagesFromFiles(files.map(withPath), {
      size: 32,
      onProgress: (done, total) => tell(`Reading pictures: ${done} of ${total}`, done / total),
    });
    // what the file needs to open other pictures in the same way: pictures, normalize
    const spec = { ...resnet({ input: train.shape, classes: train.classes, width: 8 }), pictures, normalize };
    const engine = await createEngine(spec, { seed: 0, startWorker: borrowWorkers(port) });
    await fit(engine, train, {
      epochs: EPOCHS,
      batchSize: 16,
      augment: "auto",
      onEpoch: ({ loss }, epoch) =>
        tell(`Epoch ${epoch} of ${EPOCHS}: loss ${loss.toFixed(3)}`, epoch / EPOCHS),
    });
    const { accuracy } = await evaluate(engine, test);
    const right = Math.round(accuracy * test.labels.length);
    const model = formatModel({ model: engine.model, parameters: engine.parameters() });
    await engine.close();
    self.postMessage({
      message: `Right for ${right} of ${test.labels.length} pictures that it was not trained on.`,
      model,
    });
  } catch (error) {
    tell(error.message);
  }
};

/** A file that knows its folders: on its way to a worker it forgets them. */
function withPath({ file, path }) {
  return Object.defineProperty(file, "webkitRelativePath", { value: path });
}
