import { readArguments } from "../arguments.mjs";
import { mutator } from "./support/mutate.mjs";
import { readersIn } from "./support/readers.mjs";
import { conclude, progress, table, whole } from "./support/report.mjs";
import { enterScratch } from "./support/scratch.mjs";

const HELP = `
Damages files of each kind that is read, as many as one likes, and reads them in this process: each must be read or refused
with one good sentence, soon and within bounds. --count is for a reader of middling speed; quick ones get up to 8 times as
many. --minutes ends it sooner; --only takes the readers whose names have this in them. Build first (npm run compile).
Prints a table; exit code 1 where something was wrong.

Examples:
  node scripts/reliability/mutations.mjs --count 50000 --seed 7
  node scripts/reliability/mutations.mjs --only npz --minutes 5 --count 10000000
`;

const { count, minutes, seed, only } = readArguments({ count: 20_000, minutes: 60, seed: 1, only: "" }, HELP);
const show = progress();
const readers = readersIn(enterScratch()).filter(({ name }) => name.includes(only));
const mutate = mutator(seed, count, { limit: (minutes * 60_000) / readers.length, onProgress: show });
const results = [];
for (const reader of readers) results.push(await mutate(reader));

const counts = results.map((result) => result.counts);
const sum = (key) => counts.reduce((total, one) => total + one[key], 0);
const most = (key) => Math.max(...counts.map((one) => one[key]));
const megabytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
const row = ({ name, files, read, refused, kinds, longest, grown }) => [
  name,
  ...[files, read, refused, kinds].map(whole),
  `${longest.toFixed(0)} ms`,
  `${megabytes(grown)} MB`,
];
const faults = results.flatMap((result) => result.faults);
conclude(
  [
    table(
      [
        "reader",
        "damaged files",
        "read all the same",
        "refused",
        "different sentences",
        "longest",
        "most memory at once",
      ],
      [
        ...counts.map(row),
        row({
          name: "**all**",
          ...Object.fromEntries(["files", "read", "refused", "kinds"].map((key) => [key, sum(key)])),
          longest: most("longest"),
          grown: most("grown"),
        }),
      ],
    ),
    "",
    `Seed ${seed}: ${whole(faults.length)} faults; at most ${megabytes(process.resourceUsage().maxRSS * 1024)} MB in the process.`,
  ].join("\n"),
  faults,
);
