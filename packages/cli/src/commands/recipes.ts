import type { Command } from "commander";
import { loadModel } from "../model.js";
import { type Recipe, readRecipe, recipeNames, wordsOf } from "../recipes/recipe.js";
import { whole } from "../terminal/numbers.js";
import { printJson, printLines } from "../terminal/output.js";
import { shellWord } from "../terminal/shell.js";
import { stylesFor } from "../terminal/style.js";
import { table } from "../terminal/table.js";
import { wrapped } from "../terminal/text.js";
import { optionsOf } from "./train/withRecipe.js";

export function defineRecipes(command: Command): void {
  command
    .description(
      "Lists the recipes that come with the library: options of unravel train that belong together, chosen on images set aside. With a name, shows each option of that recipe.",
    )
    .argument("[recipe]", "a name, or a .json of your own")
    .option("--json", "print all of it as JSON")
    .addHelpText(
      "after",
      `
Examples:
  unravel recipes
  unravel recipes best
  unravel train --recipe best --seed 1
  unravel train --recipe best --epochs 5     all but one of its options`,
    )
    .action(async (name: string | undefined, { json }: { json?: boolean }) => {
      const recipes = name === undefined ? recipeNames().map(readRecipe) : [readRecipe(name)];
      for (const recipe of recipes) optionsOf(recipe); // one of one's own can have options that there aren't
      if (json) printJson(name === undefined ? recipes.map(asJson) : asJson(recipes[0]));
      else printLines(name === undefined ? asList(recipes) : await asLines(recipes[0]));
    });
}

function asJson(recipe: Recipe) {
  const { name, about, needs, options } = recipe;
  return { name, about, needs, options, command: commandOf(recipe) };
}

function asList(recipes: readonly Recipe[]): string[] {
  const { dim, bold } = stylesFor(process.stdout);
  return [
    ...recipes.flatMap(({ name, about }) => [bold(name), ...wrapped(`  ${about}`), ""]),
    dim("unravel recipes NAME shows each option, unravel train --recipe NAME takes them."),
  ];
}

async function asLines(recipe: Recipe): Promise<string[]> {
  const { dim } = stylesFor(process.stdout);
  const { model: choice = "one-conv", filters, width, depth, spec } = optionsOf(recipe);
  const { model } = await loadModel({ model: choice, filters, width, depth, spec, seed: 0 });
  const rows = Object.entries(recipe.options).map(([option, value]) => [`--${option}`, String(value)]);
  return [
    ...wrapped(recipe.about),
    "",
    ...table(rows, [false, false]),
    "",
    `Network: ${whole(model.parameterCount)} parameters, ${whole(model.multiplyAdds.forward)} multiply-adds an image.`,
    "",
    dim("The command:"),
    ...wrapped(`  ${commandOf(recipe)}`),
    dim("and the same, with each option written out:"),
    ...wrapped(`  ${["unravel train", ...needed(recipe), ...wordsOf(recipe).map(shellWord)].join(" ")}`),
  ];
}

const needed = ({ needs }: Recipe): string[] =>
  Object.keys(needs).map((option) => `--${option} ${option.toUpperCase()}`);

const commandOf = (recipe: Recipe): string =>
  [`unravel train --recipe ${shellWord(recipe.name)}`, ...needed(recipe)].join(" ");
