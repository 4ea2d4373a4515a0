import { basename } from "node:path";
import { parseArgs } from "node:util";

/**
 * The options of a script's command line. Those with a number as default take a number that isn't negative, those with
 * `false` nothing, others a text. `--help` lists them; what is wrong is said in a sentence, and ends the process with 2.
 * @param defaults by name: `{ rounds: 3, json: false, on: "test" }`
 * @param help what `--help` says below the options
 * @returns the same with what was written
 */
export function readArguments(defaults, help) {
  const usage = Object.entries(defaults).map(([name, value]) =>
    value === false ? `[--${name}]` : `[--${name} ${value}]`,
  );
  const program = basename(process.argv[1]);
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean" },
        ...Object.fromEntries(
          Object.entries(defaults).map(([name, value]) => [
            name,
            value === false
              ? { type: "boolean", default: false }
              : { type: "string", default: String(value) },
          ]),
        ),
      },
    });
    if (values.help) {
      console.log(`node ${program} ${usage.join(" ")}`);
      if (help !== undefined) console.log(`\n${help.trim()}`);
      process.exit(0);
    }
    return Object.fromEntries(
      Object.entries(defaults).map(([name, value]) => [
        name,
        typeof value === "number" ? number(name, values[name]) : values[name],
      ]),
    );
  } catch (error) {
    console.error(`${program}: ${error.message.split(". ")[0]}; it takes ${usage.join(" ")}.`);
    process.exit(2);
  }
}

function number(name, text) {
  const value = Number(text);
  if (!/\d/.test(text) || !(value >= 0 && value < Infinity)) {
    throw new Error(`--${name} must be a number, not "${text}"`);
  }
  return value;
}
