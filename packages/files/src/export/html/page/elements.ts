/** What a page is made of. Texts are set as texts, so that no name can become markup. */

type Content = string | Node | undefined;

/** An element with attributes and contents; what is undefined is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...contents: readonly Content[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) made.setAttribute(name, value);
  made.append(...contents.filter((content) => content !== undefined));
  return made;
}

export function button(text: string, whenPressed: () => void, attributes: Record<string, string> = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", whenPressed);
  return made;
}
