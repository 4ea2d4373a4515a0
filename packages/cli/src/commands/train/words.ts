import { Command } from "commander";
import { decays, engineNames, fitDefaults, inits, keeps, optimizerNames, schedules } from "unravel-cnn";
import { AUGMENT_HELP, augmentOption } from "../../augmentOption.js";
import { addDataOptions } from "../../dataOptions.js";
import { addEngineOptions } from "../../engine.js";
import { MODEL_HELP } from "../../help.js";
import { SIZE_OPTIONS, SPEC_OPTION } from "../../model.js";
import { oneOf, realNumber, seedOption, wholeNumber } from "../../options.js";
import { DRAWING_FILE, HISTORY_FILE, HISTORY_TABLE, MODEL_FILE } from "../../output/kinds.js";
import { outputFile } from "../../output/names.js";
import { classWeightsOption, everyOption } from "./options.js";

/** Gives a command what `unravel train` can be told: its options, with their help. */
export function addTrainOptions(command: Command): Command {
  command
    .description("Trains a network on labelled images and tells how good it is on the test set.")
    .optionsGroup("Network:")
    .option(
      "--model <model>",
      `auto (three-conv, or resnet or seven-conv for pictures with colours or above 32x32), ${MODEL_HELP}`,
      "auto",
    )
    .addOption(SPEC_OPTION)
    .addOption(SIZE_OPTIONS.filters)
    .addOption(SIZE_OPTIONS.width)
    .addOption(SIZE_OPTIONS.depth)
    .option(
      "--recipe <recipe>",
      'options that belong together and their network, by name ("unravel recipes" lists them) or from a .json; what is given besides goes before',
    )
    .option("--init <init>", `initial weights: ${inits.join(", ")} (default: he)`, oneOf("--init", inits))
    .optionsGroup("Data:");
  addDataOptions(command)
    .option(
      "--test <data>",
      "test on the test images of other data, named as for --data (default: the same data)",
    )
    .option("--limit <n>", "use the first n training images only", wholeNumber("--limit", 1))
    .option(
      "--validation <n>",
      "set training images aside and measure on them after each epoch: a number, or a share below 1; of a folder of pictures, of each class its share (default: none; 0.1 where they are needed)",
      realNumber(
        "--validation",
        "of images, or a share below 1",
        (v) => v >= 0 && (v < 1 || Number.isInteger(v)),
      ),
    )
    .optionsGroup("Training:")
    .option("--epochs <n>", "how often all images are used", wholeNumber("--epochs", 1), fitDefaults.epochs)
    .option(
      "--batch-size <n>",
      "images for each update",
      wholeNumber("--batch-size", 1),
      fitDefaults.batchSize,
    )
    .option(
      "--optimizer <name>",
      optimizerNames.join(", "),
      oneOf("--optimizer", optimizerNames),
      fitDefaults.optimizer.type,
    )
    .option(
      "--learning-rate <rate>",
      "default: fits the optimizer and the batch size",
      positive("--learning-rate"),
    )
    .option("--find-rate", "try learning rates, say which to take, and train nothing (--plot draws it)")
    .option(
      "--schedule <name>",
      `learning rate: ${schedules.join(", ")}`,
      oneOf("--schedule", schedules),
      fitDefaults.schedule,
    )
    .option(
      "--momentum <m>",
      "of sgd (default: 0.9)",
      realNumber("--momentum", "from 0 to below 1", (v) => v >= 0 && v < 1),
    )
    .option("--nesterov", "Nesterov's variant of momentum, for sgd")
    .option(
      "--weight-decay <d>",
      "default: 0, and 0.01 for adamw",
      realNumber("--weight-decay", "of at least 0", (v) => v >= 0),
    )
    .option(
      "--decay <which>",
      "what weight decay acts on: all parameters, or weights, which spares biases and norms (default: all)",
      oneOf("--decay", decays),
    )
    .option("--clip <length>", "largest length of the gradients together", positive("--clip"))
    .option(
      "--label-smoothing <s>",
      "share of each target spread over all classes, like 0.1",
      realNumber("--label-smoothing", "from 0 to below 1", (v) => v >= 0 && Math.fround(v) < 1),
    )
    .option(
      "--class-weights <w>",
      "balanced, so that rare classes count more, or a number for each class, like 1,2,0.5",
      classWeightsOption,
    )
    .option(
      "--ema <share>",
      "use an average of the weights that keeps so much of itself in each step, like 0.999",
      realNumber("--ema", "above 0 and below 1", (v) => v > 0 && Math.fround(v) < 1),
    )
    .option("--augment <changes>", `change images by chance: ${AUGMENT_HELP}`, augmentOption)
    .option("--seed <n>", "fixes all that is random", seedOption, fitDefaults.seed)
    .optionsGroup("The best epoch, by its loss on the images set aside:")
    .option("--keep <which>", "weights of the last epoch, or of the best", oneOf("--keep", keeps), "last")
    .option("--patience <n>", "end after n epochs without a better one", wholeNumber("--patience", 1))
    .optionsGroup("Stop and go on:")
    .option("--checkpoint <folder>", "keep in it, now and then and at Ctrl-C, all that it takes to go on")
    .option("--every <when>", "how often: like 60s, 5min, 1epoch or 200steps (default: 60s)", everyOption)
    .option(
      "--resume <folder>",
      "go on from there, with its options; it ends with the same bits as without a break",
    )
    .optionsGroup("Engine:");
  return addEngineOptions(command, [...engineNames, "auto"])
    .optionsGroup("Output:")
    .option(
      "--out <file>",
      "write the trained model to FILE.safetensors (Ctrl-C keeps what was learnt so far in FILE.interrupted.safetensors)",
      outputFile("--out", MODEL_FILE),
    )
    .option(
      "--history <file>",
      "write each epoch's figures to FILE.csv or FILE.json",
      outputFile("--history", HISTORY_TABLE, HISTORY_FILE),
    )
    .option("--plot <file>", "draw loss and accuracy into FILE.svg", outputFile("--plot", DRAWING_FILE))
    .option("--json", "print the results as JSON")
    .option("--quiet", "no progress, the test accuracy only")
    .addHelpText(
      "after",
      `
Examples:
  unravel train                              three-conv on MNIST: 99% in seconds
  unravel train --recipe best                as good as it gets, some minutes
  unravel train --filters 4 --batch-size 1   one image at a time
  unravel train --model lenet5 --epochs 10 --out lenet5.safetensors
  unravel train --data ./my-photos --out photos.safetensors
  unravel train --model my-net.json --data ./my-idx-folder --validation 0.1
  unravel train --optimizer sgd --learning-rate 0.05 --schedule cosine --json
  unravel train --model lenet5 --find-rate --plot rates.svg
  unravel train --epochs 50 --keep best --patience 5 --plot run.svg
  unravel train --model lenet5 --epochs 20 --augment shift=2,rotate=10,scale
  unravel train --epochs 50 --checkpoint run
  unravel train --resume run`,
    );
}

const positive = (name: string) => realNumber(name, "above 0", (value) => value > 0);

/**
 * What words after `unravel train` mean, without training and without a word to anyone.
 * @throws CommanderError if it would refuse them, InputError if the value of an option is wrong
 */
export function parseTrainWords(words: readonly string[]): Command {
  return addTrainOptions(new Command("train"))
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ writeOut: () => {}, writeErr: () => {} })
    .action(() => {})
    .parse([...words], { from: "user" });
}
