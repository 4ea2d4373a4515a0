import type { Runtime } from "../../js/runtime/create.js";
import type { Facts } from "../../js/runtime/facts.js";
import { camera } from "./camera.js";
import { element } from "./elements.js";
import { pictureFiles } from "./files.js";
import { drawingPad } from "./pad.js";
import { resultView } from "./result.js";
import type { Looker } from "./source.js";
import { tabs } from "./tabs.js";

/** Fills the page: what it is, a way to give it a picture, and what the network says. */
export default function page(made: Runtime, facts: Facts): void {
  const result = resultView(facts);
  const looker: Looker = {
    forget: () => result.forget(),
    complain: (sentence) => result.forget(sentence),
    look(picture) {
      try {
        const bytes = made.inputOf(picture);
        result.tell(made.predict(bytes), bytes);
      } catch (error) {
        result.forget((error as Error).message);
      }
    },
  };
  const pad = drawingPad(looker);
  const files = pictureFiles(looker, () => chosen.choose(files));
  const live = camera(looker);
  const [channels, height, width] = facts.inputShape;
  const isDrawing = channels === 1 && height === 28 && width === 28;
  const chosen = tabs(isDrawing ? [pad, files, live] : [files, live, pad], looker.forget);
  document.body.append(
    element("header", {}, element("h1", {}, facts.model.name), element("p", {}, introduction(facts))),
    element("main", {}, chosen.element, result.element),
    element(
      "footer",
      {},
      element("p", {}, "All of it is computed on this device, in this page. Nothing is sent anywhere."),
    ),
  );
  chosen.choose(isDrawing ? pad : files);
}

/** What the network can do, how well, and since when, in sentences. */
function introduction({ classes, model: { parameters, accuracy, exported } }: Facts): string {
  const few = classes.length <= 20 && classes.join(", ").length <= 200;
  const names = few ? `: ${classes.slice(0, -1).join(", ")} and ${classes.at(-1)}` : "";
  const day = new Date(`${exported}T00:00:00Z`).toLocaleDateString("en-GB", {
    dateStyle: "long",
    timeZone: "UTC",
  });
  return [
    `A neural network with ${parameters.toLocaleString("en-US")} parameters that tells ${classes.length} classes apart${names}.`,
    accuracy &&
      `It was right on ${(100 * accuracy.share).toFixed(2)}% of ${accuracy.images.toLocaleString("en-US")} test images of ${accuracy.data}.`,
    `Exported on ${day}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
