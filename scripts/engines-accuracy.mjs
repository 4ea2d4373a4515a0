// Whether the compiled engine learns as well as the textbook: both small networks, trained by both engines from the same
// seeds on the same images in the same order, tested on all test images.
//
//   npm run build && UNRAVEL_DATA=FOLDER node scripts/engines-accuracy.mjs [--seeds 5] [--images 10000] [--epochs 1]
//
// FOLDER holds mnist/ with the four original files. Prints the table of docs/results.md. Takes some minutes: the textbook is slow.
import * as unravel from "unravel-cnn";
import { loadDataset } from "unravel-cnn/node";
import { readArguments } from "./arguments.mjs";

const { seeds, images, epochs } = readArguments({ seeds: 5, images: 10_000, epochs: 1 });
const { train, test } = await loadDataset("mnist");
const some = unravel.firstOf(train, images);

console.log(`${images} images, ${epochs} epoch${epochs === 1 ? "" : "s"}, seeds 0 to ${seeds - 1}`);
console.log("| network | textbook: mean (lowest to highest) | wasm | largest difference of a seed |");
console.log("|---|---|---|---|");
for (const model of ["one-conv", "lenet5"]) {
  const accuracies = { reference: [], wasm: [] };
  for (let seed = 0; seed < seeds; seed++) {
    for (const engine of ["reference", "wasm"]) {
      process.stderr.write(`${model}, seed ${seed}, ${engine}\n`);
      const trained = await unravel.createEngine(unravel.builtIn(model), { engine, seed });
      await unravel.fit(trained, some, { epochs, seed });
      const parameters = trained.parameters();
      await trained.close();
      const tester = await unravel.createEngine(unravel.builtIn(model), { parameters });
      accuracies[engine].push(100 * (await unravel.evaluate(tester, test)).accuracy);
      await tester.close();
    }
  }
  const text = (all) => {
    const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
    return `${mean.toFixed(2)}% (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`;
  };
  const differences = accuracies.wasm.map((value, k) => Math.abs(value - accuracies.reference[k]));
  console.log(
    `| ${model} | ${text(accuracies.reference)} | ${text(accuracies.wasm)} | ${Math.max(...differences).toFixed(2)} points |`,
  );
}
