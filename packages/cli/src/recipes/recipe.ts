import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, extname, join, resolve } from "node:path";
import { InputError } from "unravel-cnn";
import { didYouMean } from "../options.js";

/*
 * A recipe is a file with options of `unravel train` that belong together:
 *
 *   { "about": "...", "needs": "...", "options": { "model": "models/net.json", "epochs": 3, "nesterov": true } }
 *
 * Those with a name are the library's, in packages/core/recipes: all settings of a published result stand there and nowhere else.
 */

/** What an option can be in a recipe; a flag is true. */
export type RecipeValue = string | number | boolean;

export interface Recipe {
  /** That of the file, without `.json`. */
  readonly name: string;
  readonly path: string;
  /** What it is for, in a sentence or two. */
  readonly about: string;
  /** What a command with it must say, too: the option without dashes, and what it is to name. */
  readonly needs: Readonly<Record<string, string>>;
  /** Options of `unravel train` without dashes. Files of networks are named from the recipe's folder on. */
  readonly options: Readonly<Record<string, RecipeValue>>;
}

/** The folder of the library's recipes. */
function folder(): string {
  return join(dirname(createRequire(import.meta.url).resolve("unravel-cnn/package.json")), "recipes");
}

/** The names of the library's recipes, in the order of the alphabet. */
export function recipeNames(): string[] {
  return readdirSync(folder())
    .filter((file) => extname(file) === ".json")
    .map((file) => basename(file, ".json"))
    .sort();
}

/**
 * A recipe of the library by its name, or one's own by the path of its `.json`.
 * @throws InputError if there is none, or the file is not a recipe
 */
export function readRecipe(nameOrPath: string): Recipe {
  const isFile = extname(nameOrPath).toLowerCase() === ".json";
  const names = recipeNames();
  if (!isFile && !names.includes(nameOrPath)) {
    throw new InputError(
      `There is no recipe "${nameOrPath}"${didYouMean(nameOrPath, names)}; there are ${names.join(", ")}, or give a file that ends in .json.`,
    );
  }
  const path = isFile ? resolve(nameOrPath) : join(folder(), `${nameOrPath}.json`);
  return parseRecipe(textOf(nameOrPath, path), nameOrPath, path);
}

/** Far longer than any list of options. */
const LONGEST = 1 << 20;

function textOf(name: string, path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InputError(`${name} can't be read: ${code === "ENOENT" ? "there is no such file" : code}.`);
  }
  if (bytes.length > LONGEST) throw new InputError(`${name} is no recipe: it is larger than 1 MB.`);
  return bytes.toString("utf8");
}

/** @throws InputError if the text is not a recipe's */
function parseRecipe(text: string, name: string, path: string): Recipe {
  const wrong = (what: string) => new InputError(`${name} is no recipe: ${what}.`);
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw wrong("it is not JSON");
  }
  if (!isObject(file)) throw wrong("it must be an object with options");
  const { about = "", needs = {}, options, ...rest } = file;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) {
    throw wrong(`it has ${JSON.stringify(unknown)}, but only about, needs and options are known`);
  }
  if (typeof about !== "string") throw wrong("about must be a text");
  if (!isObject(needs) || !Object.values(needs).every((value) => typeof value === "string")) {
    throw wrong("needs must say in a text for each option what it is to name");
  }
  if (!isObject(options)) throw wrong('options must be an object, like { "epochs": 3 }');
  for (const [option, value] of Object.entries(options)) {
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw wrong(`options.${option} must be a text, a number or true, not ${JSON.stringify(value)}`);
    }
  }
  return {
    name: basename(path, extname(path)),
    path,
    about,
    needs: needs as Record<string, string>,
    options: options as Record<string, RecipeValue>,
  };
}

/** The words of a command that say what the recipe does. */
export function wordsOf({ options, path }: Recipe): string[] {
  return Object.entries(options).flatMap(([option, value]) => {
    if (typeof value === "boolean") return value ? [`--${option}`] : [];
    const isPath = FILES.includes(option) && /\.(json|safetensors)$/i.test(String(value));
    return [`--${option}=${isPath ? resolve(dirname(path), String(value)) : value}`];
  });
}

/** Options that can name a file beside the recipe. */
const FILES: readonly string[] = ["model", "spec"];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
