// The command line of run.mjs.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { cases } from "./cases.mjs";
import { systems } from "./systems.mjs";

/** What a person wrote is wrong; the message says what and what to write instead. */
export class UsageError extends Error {}

const caseNames = cases.map(({ name }) => name);
const systemNames = systems.map(({ name }) => name);

export const usage = `Usage: node bench/peers/run.mjs [CASE...] [options]

Measures unravel and what else one could take, in turns, on this machine, and prints a table.
Build first: npm run build. What is missing is installed into bench/peers/node_modules (750 MB).

Cases (default: all)
  ${caseNames.join(", ")}

Options
  --systems A,B     only these besides unravel: ${systemNames.slice(1, 6).join(", ")},
                    ${systemNames.slice(6).join(", ")}
  --rounds N        how often each takes its turn (default 2)
  --seconds S       of measuring in each turn (default 1)
  --limit S         a program that takes longer in one turn is stopped (default 90)
  --threads N       for those that can (default: all cores)
  --optimizer NAME  sgd (with momentum 0.9; default) or adam (unravel and PyTorch)
  --python PATH     the Python that has NumPy or PyTorch
  --no-install      what is not installed is left out
  --out FILE        also write the table as Markdown
  --json            print JSON
  --help

Examples
  node bench/peers/run.mjs                                  # all, about 10 minutes
  node bench/peers/run.mjs one-conv-8 lenet5 convnet --systems pytorch --rounds 3 --seconds 3
  node bench/peers/run.mjs predict-lenet5 --systems ort-web,ort-node --out table.md`;

/** @throws UsageError */
export function readOptions(args) {
  const { values, positionals } = parsed(args);
  return {
    cases: chosen(positionals, cases, "case"),
    systems: withUnravel(values.systems === undefined ? [] : values.systems.split(",").filter(Boolean)),
    rounds: wholeNumber("--rounds", values.rounds),
    seconds: positive("--seconds", values.seconds),
    limit: positive("--limit", values.limit),
    threads: wholeNumber("--threads", values.threads),
    optimizer: oneOf("--optimizer", values.optimizer, ["sgd", "adam"]),
    python: values.python,
    install: !values["no-install"],
    out: values.out,
    json: values.json,
    help: values.help,
  };
}

function parsed(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        systems: { type: "string" },
        rounds: { type: "string", default: "2" },
        seconds: { type: "string", default: "1" },
        limit: { type: "string", default: "90" },
        threads: { type: "string", default: String(availableParallelism()) },
        optimizer: { type: "string", default: "sgd" },
        python: { type: "string" },
        "no-install": { type: "boolean", default: false },
        out: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error.message.split(/\.?(\s*\n|$)|\. /)[0]}; --help shows all options.`);
  }
}

/** Those with these names, in the order in which they are defined; all without a name. */
function chosen(names, all, what) {
  for (const name of names) {
    if (!all.some((one) => one.name === name)) {
      throw new UsageError(
        `There is no ${what} "${name}"; there are ${all.map((one) => one.name).join(", ")}.`,
      );
    }
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
}

/** All are compared with unravel, so it is always there. */
function withUnravel(names) {
  return chosen(names.length === 0 ? [] : ["unravel", ...names], systems, "system");
}

function positive(option, text) {
  const value = Number(text);
  if (!(value > 0 && value < Infinity))
    throw new UsageError(`${option} must be a number above 0, not "${text}".`);
  return value;
}

function wholeNumber(option, text) {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new UsageError(`${option} must be a whole number from 1, not "${text}".`);
  return Number(text);
}

function oneOf(option, text, names) {
  if (!names.includes(text)) throw new UsageError(`${option} must be ${names.join(" or ")}, not "${text}".`);
  return text;
}
