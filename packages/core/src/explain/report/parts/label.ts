import { type Content, html, type Markup } from "../../../html.js";
import { listed } from "../../../presentation/graph.js";
import type { Story } from "../story.js";

/** Classes by their names: `“cat” and “dog”`; or that there is none. */
export function classesNamed({ trace }: Story, classes: readonly number[]): Content {
  if (classes.length === 0) return "none of the classes";
  return listed(classes.map((k) => `“${trace.model.classes[k]}”`));
}

/**
 * The paragraph before a loss: what the picture shows, as far as anybody said so.
 * @param more what is said after it where it is known
 */
export function whatIsRight(story: Story, more: Content = ""): Markup {
  const { right, labelKnown } = story;
  const names = classesNamed(story, right);
  if (labelKnown && right.length === 1)
    return html`<p>The label of the picture says that it shows ${names}.${more}</p>`;
  if (labelKnown) return html`<p>The labels of the picture say that it shows ${names}.${more}</p>`;
  return html`<p class="notice">Nobody said what the picture shows, so the network’s own answer, ${names}, is taken for right from here on. With another label the way back would be another one.</p>`;
}
