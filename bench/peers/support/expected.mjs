// What every system must predict: the textbook's probabilities of the first images.
import { builtIn, createEngine, softmax } from "unravel-cnn";
import { loadDataset } from "unravel-cnn/node";

/** Of a batch so many are compared. */
const COMPARED = 16;

/** Row by row, of a network with the fresh weights that every system starts from. @param folder holds mnist/ */
export async function expectedProbabilities({ model, batchSize }, folder) {
  const { train } = await loadDataset("mnist", { UNRAVEL_DATA: folder });
  const engine = await createEngine(builtIn(model), { engine: "reference" });
  const count = Math.min(batchSize, COMPARED);
  const logits = await engine.logits(train.images.subarray(0, count * 784));
  await engine.close();
  return softmax({ shape: [count, 10], data: logits }).data;
}
