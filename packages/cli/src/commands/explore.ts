import type { Command } from "commander";
import { interruptible } from "../exit.js";
import { withData } from "../explore/data.js";
import { openBrowser } from "../explore/openBrowser.js";
import { serve } from "../explore/server.js";
import { pageSite, withNetwork } from "../explore/site.js";
import { MODEL_HELP } from "../help.js";
import { loadModel, SIZE_OPTIONS, SPEC_OPTION, sizesOf } from "../model.js";
import { seedOption, wholeNumber } from "../options.js";
import { printJson, printLines } from "../terminal/output.js";
import { Progress } from "../terminal/progress.js";

interface ExploreOptions {
  readonly port: number;
  readonly open: boolean;
  readonly spec?: string;
  readonly filters?: number;
  readonly width?: number;
  readonly depth?: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export function defineExplore(command: Command): void {
  command
    .description(
      "Serves a page to this machine and opens it in the browser: draw a digit, click any number of the network, and see what it was made from, forward and backward.",
    )
    .argument("[model]", `${MODEL_HELP} (default: a trained one-conv)`)
    .option("--port <n>", "default: one that is free", wholeNumber("--port", 1, 65535))
    .option("--no-open", "only print the address")
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option("--seed <n>", "of the weights, where the model brings none", seedOption, 0)
    .option("--json", "print the address as JSON")
    .option("--quiet", "the address only")
    .addHelpText(
      "after",
      `
Examples:
  unravel explore
  unravel explore model.safetensors
  unravel explore lenet5 --port 8000 --no-open

Ctrl-C ends it. Nobody but this machine can reach the page, and the page asks
nobody else for anything, unless you let it fetch MNIST to train on.`,
    )
    .action(async (model: string | undefined, options: ExploreOptions) => {
      await interruptible((signal) => explore(model, options, signal));
    });
}

async function explore(
  model: string | undefined,
  options: ExploreOptions,
  signal: AbortSignal,
): Promise<void> {
  const { port, open, spec, seed, json, quiet } = options;
  const sizes = sizesOf(options);
  const page = withData(await pageSite());
  const progress = new Progress(process.stderr, quiet === true || json === true);
  const say = (line: string) => progress.say(line);
  const choice = { model: model ?? "one-conv", spec, seed, say, ...sizes };
  const isOwn = model !== undefined || spec !== undefined || Object.keys(sizes).length > 0;
  const site = isOwn ? withNetwork(page, await loadModel(choice)) : page;
  const server = await serve(site, port ?? 0);
  const url = isOwn ? `${server.url}#network=served` : server.url;
  if (json) printJson({ url });
  else printLines([url]);
  if (!quiet && !json) printLines(["The page is there until Ctrl-C."], process.stderr);
  if (open) openBrowser(url);
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  await server.close();
}
