// Damages .npy and .npz files in as many ways as one likes, and reads them:
//   node scripts/fuzz-npz.mjs --count 1000000 --seed 7
// A failure prints the number of the file and the seed that finds it again.
import { fuzz } from "./fuzz.mjs";

fuzz({ test: "packages/core/test/npzFuzz.test.ts", count: 1_000_000, things: "damaged files" });
