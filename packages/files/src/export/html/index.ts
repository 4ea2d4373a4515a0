import type { SavedModel } from "unravel-cnn";
import type { ExportedFile, ExportFormat, ExportSettings } from "../format.js";
import { factsOf, runtimeFor, statements } from "../js/index.js";

/** How a page begins, for whoever wants to know whether it is one. */
const HEAD =
  '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="unravel export">';

/** Nothing may be fetched from anywhere; pictures are those that the page's visitor has. */
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; media-src blob:; base-uri 'none'; form-action 'none'";

/** A page that computes a network: drawings, pictures, the camera. */
export const htmlFormat: ExportFormat = {
  what: "one page that reads drawings, pictures and the camera; it needs no server and no connection",
  ending: ".html",
  options: ["weights", "accuracy"],
  isOurs: (head) => head.startsWith(HEAD),
  write: async (saved, settings) => [await pageOf(saved, settings)],
};

async function pageOf(saved: SavedModel, settings: ExportSettings): Promise<ExportedFile> {
  const { page } = await import("./page.generated.js");
  const script = await statements(factsOf(saved, settings), runtimeFor(saved.model, "handwriting"));
  const text = `${HEAD}
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${escaped(settings.name)}</title>
<style>${page.style}</style>
</head>
<body>
<noscript>This page computes a neural network, for which it needs JavaScript.</noscript>
<script type="module">
${script}
${page.script}(made,facts);
</script>
</body>
</html>
`;
  return { name: `${settings.name}.html`, bytes: new TextEncoder().encode(text) };
}

/** A text as HTML shows it. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
