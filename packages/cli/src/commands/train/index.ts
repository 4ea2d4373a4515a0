import type { Command } from "commander";
import { InputError } from "unravel-cnn";
import { interruptible } from "../../exit.js";
import type { TrainOptions } from "./options.js";
import { addTrainOptions } from "./words.js";

export function defineTrain(command: Command): void {
  addTrainOptions(command)
    .allowExcessArguments()
    .action(async (options: TrainOptions, command: Command) => {
      const [stray] = command.args;
      if (stray !== undefined) {
        throw new InputError(`train takes options only, not "${stray}"; for a network write --model NAME.`);
      }
      const { train } = await import("./run.js");
      const isGiven = (option: string) => command.getOptionValueSource(option) === "cli";
      const { withRecipe } = await import("./withRecipe.js");
      const said = withRecipe({ options, isGiven });
      await interruptible((signal) => train(said.options, said.isGiven, signal));
    });
}
