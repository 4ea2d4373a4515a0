/* The pages of the API reference as Markdown. */
import { pages } from "./themes.mjs";

const NOTE = "<!-- made by npm run api -->";

/**
 * @param all what each page's module exports
 * @returns `[file name, text]` of each page, the index first
 */
export function render(all) {
  const rendered = pages.map((page, k) => {
    const whole = pages.findIndex(({ name }) => name === page.of);
    return [fileOf(page), whole < 0 ? reference(page, all[k]) : list(page, all[k], pages[whole], all[whole])];
  });
  return [["README.md", index(all)], ...rendered];
}

const fileOf = ({ name }) => `${name.replace("/", "-")}.md`;

function index(all) {
  const lines = pages.map(
    (page, k) => `| [\`${page.name}\`](${fileOf(page)}) | ${all[k].length} | ${page.about} |`,
  );
  return [
    NOTE,
    "# API reference",
    "What the packages export, with its types, made from the comments in the sources by `npm run api`. How things go together is told in the other pages of [docs](..), and in the [README](../../README.md#as-a-library).",
    ["| import | names | |", "|---|---|---|", ...lines].join("\n"),
    "`unravel-cnn/worker` exports nothing: it is the module that the engine's workers run ([browsers](../browsers.md#bundlers)).",
    "Arrays are row-major; images are `[N, C, H, W]`. An `InputError` is a mistake in what was given, a `FailureError` a failure of the work; both are one sentence that says what to do.",
    "",
  ].join("\n\n");
}

/** A page of names that another page describes. */
function list(page, names, whole, described) {
  const anchors = anchorsOf(themesOf(whole, described));
  const links = names.map(({ name }) => `[\`${name}\`](${fileOf(whole)}#${anchors.get(name)})`);
  return [NOTE, `# \`${page.name}\``, page.about, links.join(", "), ""].join("\n\n");
}

function reference(page, names) {
  const themes = themesOf(page, names);
  const anchors = anchorsOf(themes);
  const contents = themes.map(
    ([theme, ones]) =>
      `- **${theme}**: ${ones.map(({ name }) => `[\`${name}\`](#${anchors.get(name)})`).join(", ")}`,
  );
  return [
    NOTE,
    `# \`${page.name}\``,
    page.about,
    contents.join("\n"),
    ...themes.flatMap(([theme, ones]) => [`## ${theme}`, ...ones.flatMap(entry)]),
    "",
  ].join("\n\n");
}

/** The themes of a page that have names, each with these: in the order of its paths, and of a path in that of the exports. */
function themesOf({ themes }, names) {
  const groups = new Map(themes.map(([theme, paths]) => [theme, paths.map(() => [])]));
  for (const one of names) {
    const place = ([, paths]) => paths.findIndex((path) => one.source.startsWith(path));
    const theme = themes.find((theme) => place(theme) >= 0);
    if (!theme) throw new Error(`${one.name} of ${one.source} has no theme in scripts/api/themes.mjs`);
    groups.get(theme[0])[place(theme)].push(one);
  }
  return [...groups].map(([theme, ones]) => [theme, ones.flat()]).filter(([, ones]) => ones.length > 0);
}

/** Where links to names lead: in small letters, and numbered where several headings would be the same in these. */
function anchorsOf(themes) {
  const used = new Map();
  const next = (heading) => {
    const own = heading
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-");
    const before = used.get(own) ?? 0;
    used.set(own, before + 1);
    return before === 0 ? own : `${own}-${before}`;
  };
  const anchors = new Map();
  for (const [theme, ones] of themes) {
    next(theme);
    for (const { name } of ones) anchors.set(name, next(name));
  }
  return anchors;
}

function entry({ name, code, text, tags }) {
  const params = tags.filter(({ tag }) => tag === "param");
  const others = tags.filter(({ tag }) => tag !== "param");
  // with stars, so that they don't go on with a list in the text
  const items = [
    ...params.map((param) => `* \`${param.name}\`: ${paramText(param.text)}`),
    ...others.map(({ tag, text }) => `* ${labels[tag] ?? tag} ${text}`),
  ];
  const said = text.split("\n").map((line) => (line.startsWith("    ") ? line : escaped(line)));
  return [
    `### ${name}`,
    `\`\`\`ts\n${code}\n\`\`\``,
    said.join("\n"),
    ...(items.length > 0 ? [items.join("\n")] : []),
  ];
}

const labels = { returns: "returns", throws: "throws" };

const paramText = (text) => text.replace(/^-\s*/, "");

/** What Markdown would take for something else. */
function escaped(line) {
  return line.replace(/(`[^`]*`)|([<*_])/g, (_, code, sign) => code ?? `\\${sign}`);
}
