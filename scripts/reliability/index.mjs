import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { readArguments } from "../arguments.mjs";

const HELP = `
All proofs of reliability, one after the other, as a user who may do nothing else. --minutes is for all of them together.
Prints the tables of docs/reliability.md, or puts them there (--write). Build first (npm run build); set UNRAVEL_DATA, so
that data fetch is killed, too. Exit code 1 where something was wrong. kills.mjs, resumes.mjs, mutations.mjs and server.mjs also run alone.

Examples:
  node scripts/reliability/index.mjs --minutes 1
  UNRAVEL_DATA=data node scripts/reliability/index.mjs --minutes 8 --seed 7 --write
`;

const { minutes, seed, write } = readArguments({ minutes: 8, seed: 1, write: false }, HELP);

/** Each with its part of the time, and more than fits into it. */
const proofs = [
  { name: "kills", share: 0.4, count: 10_000 },
  { name: "resumes", share: 0.2, count: 10_000 },
  { name: "mutations", share: 0.25, count: 10_000_000 },
  { name: "server", share: 0.15, count: 4000 },
];

/** Runs a proof. @returns what it prints, and whether all was well */
async function run({ name, share, count }) {
  process.stderr.write(`${name}:\n`);
  const script = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const options = { count, minutes: share * minutes, seed };
  const words = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
  const child = spawn(process.execPath, [script, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let markdown = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    markdown += text;
  });
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  return { name, markdown: markdown.trim(), isWell: code === 0 };
}

const results = [];
for (const proof of proofs) results.push(await run(proof));

const command = `node scripts/reliability/index.mjs --minutes ${minutes} --seed ${seed}`;
const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${process.platform}, Node ${process.version.slice(1)}`;
const origin = `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.`;
const sections = results.map(({ name, markdown }) => [name, `${markdown}\n\n${origin}`]);

if (write) {
  const page = new URL("../../docs/reliability.md", import.meta.url);
  let text = readFileSync(page, "utf8");
  for (const [name, markdown] of sections) {
    const place = new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- end -->)`);
    if (!place.test(text)) throw new Error(`docs/reliability.md has no place for ${name}`);
    text = text.replace(place, (_, begin, end) => begin + markdown + end);
  }
  writeFileSync(page, text);
} else {
  for (const [name, markdown] of sections) console.log(`## ${name}\n\n${markdown}\n`);
}
process.exitCode = results.every(({ isWell }) => isWell) ? 0 : 1;
