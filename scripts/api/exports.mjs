/* The names that a module exports, with what TypeScript knows of them. */
import { fileURLToPath } from "node:url";
import ts from "typescript";

const packages = fileURLToPath(new URL("../../packages/", import.meta.url)).replaceAll("\\", "/");

/**
 * @param entries `{ folder, entry }`: a package's folder, and a module in its `dist/`
 * @returns for each entry its names: `{ name, kind, source, code, text, tags }`. `source`: the path in the package's sources,
 *   without its ending; `code`: the declaration; `text`: the comment; `tags`: `{ tag, name, text }` of the comment
 */
export function exportsOf(entries) {
  const files = entries.map(({ folder, entry }) => `${packages}${folder}/dist/${entry}.d.ts`);
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: [],
    noLib: true, // nothing is checked, only read
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  return files.map((file, k) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(file));
    if (module === undefined) throw new Error(`${file} is missing; run npm run compile first.`);
    const dist = `${packages}${entries[k].folder}/dist/`;
    return checker.getExportsOfModule(module).map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return described(symbol.name, target, checker, dist);
    });
  });
}

function described(name, symbol, checker, dist) {
  const [first] = symbol.declarations;
  const { fileName } = first.getSourceFile();
  return {
    name,
    kind: kinds.find(([is]) => is(first))?.[1] ?? "type",
    source: fileName.replace(dist, "").replace(/\.d\.ts$/, ""),
    code: symbol.declarations.map((declaration) => codeOf(declaration, symbol.name, name)).join("\n"),
    text: oneLine(ts.displayPartsToString(symbol.getDocumentationComment(checker))),
    tags: symbol.getJsDocTags(checker).map(({ name: tag, text = [] }) => ({
      tag,
      name: text.find(({ kind }) => kind === "parameterName")?.text,
      text: oneLine(
        text
          .filter(({ kind }) => kind === "text")
          .map((part) => part.text)
          .join(""),
      ),
    })),
  };
}

const kinds = [
  [ts.isFunctionDeclaration, "function"],
  [ts.isClassDeclaration, "class"],
  [ts.isVariableDeclaration, "constant"],
];

/** A comment with each paragraph in one line. Lines of code, indented by four, and points of a list stay lines of their own. */
function oneLine(comment) {
  const isCode = (line) => line.startsWith("    ");
  const lines = [];
  for (const line of comment.trim().split("\n")) {
    const last = lines.at(-1);
    const goesOn =
      last !== undefined && last !== "" && line !== "" && !/^(- |\s{4})/.test(line) && !isCode(last);
    if (goesOn) lines[lines.length - 1] = `${last} ${line.trim()}`;
    else lines.push(line.trimEnd());
  }
  return lines.join("\n");
}

/** A declaration as it is written, under the name by which it is exported. */
function codeOf(declaration, own, name) {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  return statement
    .getText()
    .replace(/^(export )?(declare )?/, "")
    .replace(/\bimport\("[^"]*"\)\./g, "")
    .replace(/^ {4}(private .*|#private);\n/gm, "")
    .replace(/^(?: {4})+/gm, (indent) => " ".repeat(indent.length / 2))
    .replace(new RegExp(`\\b${own}\\b`), name);
}
