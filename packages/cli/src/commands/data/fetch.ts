import type { Command } from "commander";
import { datasetNames, sources } from "unravel-cnn";
import { type DatasetName, fetchDataset } from "unravel-cnn/node";
import { afterDownload, downloadProgress } from "../../data.js";
import { interruptible } from "../../exit.js";
import { oneOf } from "../../options.js";
import { counted, megabytes } from "../../terminal/numbers.js";
import { printJson, printLines } from "../../terminal/output.js";
import { Progress } from "../../terminal/progress.js";

interface FetchCommandOptions {
  json?: boolean;
  quiet?: boolean;
}

export function defineFetch(command: Command): void {
  command
    .description(
      "Downloads a data set into the cache folder, with its checksums verified: what is missing there, and what is damaged.",
    )
    .argument("<name>", datasetNames.join(", "), oneOf("The data set", datasetNames))
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress")
    .addHelpText(
      "after",
      `
UNRAVEL_DATA    a folder that is looked into before the cache: it holds mnist/
UNRAVEL_MIRROR  an address that is asked instead of the public servers:
                it has mnist/train-images-idx3-ubyte.gz and so on`,
    )
    .action((name: DatasetName, options: FetchCommandOptions) =>
      interruptible((signal) => run(name, options, signal)),
    );
}

async function run(name: DatasetName, options: FetchCommandOptions, signal: AbortSignal): Promise<void> {
  const progress = new Progress(process.stderr, options.quiet === true);
  const { title, files } = sources[name];
  const show = downloadProgress(progress);
  const { folder, downloaded, verified } = await fetchDataset(name, {
    signal,
    onProgress: ({ bytes, total }) => show({ title, bytes, total }),
  })
    .catch((error) => {
      throw afterDownload(error);
    })
    .finally(() => progress.clear());
  const came = files.filter((file) => downloaded.includes(file.name));
  const bytes = came.reduce((sum, file) => sum + file.bytes, 0);
  const what =
    came.length === 0
      ? "was here already"
      : `is here now: ${counted(came.length, "file")} fetched, ${megabytes(bytes)}`;
  if (options.json) printJson({ name, folder, downloaded, bytes, verified });
  else {
    const checksums = verified ? "checksums right" : "no checksums are known of its unpacked files";
    printLines([`${title} ${what}; ${checksums}; ${folder}`]);
  }
}
