/*
 * HTML (and MathML and SVG) that can't be broken by what it shows: texts are escaped unless they are Markup already, and
 * Markup is made only here.
 */

/** A piece of HTML. */
export interface Markup {
  readonly html: string;
}

/** What can stand in a piece of HTML: texts and numbers are escaped, lists are joined, undefined and false give nothing. */
export type Content = Markup | string | number | undefined | false | readonly Content[];

/** A piece of HTML with contents in it: html`<p>${name}</p>`. Attributes must stand in double quotes. */
export function html(pieces: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return {
    html: pieces.reduce((text, piece, k) => text + textOf(contents[k - 1]) + piece),
  };
}

/** The contents with something between them. */
export function joined(contents: readonly Content[], between: Content): Content {
  return contents.map((content, k) => (k === 0 ? content : [between, content]));
}

function textOf(content: Content): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "number") return String(content);
  if (typeof content === "string") return escaped(content);
  if ("html" in content) return content.html;
  return content.map(textOf).join("");
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as HTML shows it. Control characters, and those that turn the direction of writing, are replaced. */
function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => entities[character])
    .replace(/(?![\t\n])[\p{Cc}\p{Bidi_Control}\p{Cs}]/gu, "\ufffd");
}
