import type { Command } from "commander";
import { datasetNames, FailureError, InputError, sources } from "unravel-cnn";
import { type CheckedDataset, type DatasetName, verifyDataset } from "unravel-cnn/node";
import { oneOf } from "../../options.js";
import { whole } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { table } from "../../terminal/table.js";

export function defineVerify(command: Command): void {
  command
    .description("Compares the files of a data set, or of all that are here, with their published checksums.")
    .argument("[name]", datasetNames.join(", "), oneOf("The data set", datasetNames))
    .option("--json", "print the results as JSON")
    .addHelpText("after", "\nThe exit code is 1 if a file is damaged or missing.")
    .action(verify);
}

async function verify(name: DatasetName | undefined, { json }: { json?: boolean }): Promise<void> {
  const checked: CheckedDataset[] = [];
  for (const candidate of name ? [name] : datasetNames) {
    const dataset = await verifyDataset(candidate);
    if (dataset) checked.push(dataset);
    else if (name) {
      throw new InputError(`${sources[name].title} is not here; "unravel data fetch ${name}" fetches it.`);
    }
  }
  if (json) printJson(checked);
  else printLines(checked.length > 0 ? checked.flatMap(describe) : ["No data set is here."]);
  const bad = checked.filter(({ state }) => state === "damaged" || state === "missing");
  if (bad.length === 0) return;
  const which = bad.map(({ title, folder, state }) => {
    return `${title} in ${folder} is ${state === "missing" ? "incomplete" : "damaged"}`;
  });
  throw new FailureError(
    `${which.join(", ")}; ${bad.map((dataset) => `"unravel data fetch ${dataset.name}"`).join(", ")} mends what is in the cache.`,
  );
}

const states = {
  good: "good",
  unchecked: "its size is right; no checksum of the unpacked file is known",
  missing: "missing",
  damaged: "DAMAGED",
} as const;

function describe({ title, folder, files }: CheckedDataset): string[] {
  const rows = files.map(({ name, bytes, state }) => [
    `  ${name}`,
    bytes === null ? "-" : whole(bytes),
    states[state],
  ]);
  return [`${title}, ${folder}`, ...table(rows, [false, true, false])];
}
