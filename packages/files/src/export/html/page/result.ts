import type { Prediction } from "../../js/runtime/create.js";
import type { Facts } from "../../js/runtime/facts.js";
import { element } from "./elements.js";

/** Of more classes only the most probable are shown. */
const MOST_BARS = 12;

/** The answer in words, the probabilities as bars, and what the network was given. */
export function resultView({ classes, inputShape }: Facts) {
  const [channels, height, width] = inputShape;
  const answer = element("p", { class: "answer", role: "status" });
  const bars = element("ol", { class: "bars" });
  const input = element("canvas", {
    width: String(width),
    height: String(height),
    role: "img",
    "aria-label": "What the network was given",
  });
  const seen = element(
    "figure",
    { hidden: "" },
    input,
    element("figcaption", {}, `what it was given: ${width} x ${height} pixels`),
  );
  const rest = element("p", { class: "hint" });

  /** A probability for people; a network whose scores are none has numbers. */
  const shown = (value: number) =>
    value >= 0 && value <= 1 ? `${(100 * value).toFixed(1)}%` : value.toFixed(2);
  const show = (probabilities: readonly number[] | undefined) => {
    const all = classes.map((name, index) => ({ name, index, value: probabilities?.[index] }));
    const isMany = all.length > MOST_BARS;
    if (isMany) all.sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
    const best = Math.max(...(probabilities ?? []));
    bars.replaceChildren(
      ...all.slice(0, MOST_BARS).map(({ name, value }) => {
        const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span"));
        (bar.firstChild as HTMLElement).style.width = `${100 * Math.max(0, Math.min(1, value ?? 0))}%`;
        return element(
          "li",
          { class: value !== undefined && value === best ? "best" : undefined },
          element("span", { class: "name", title: name }, name),
          bar,
          element("span", { class: "value" }, value === undefined ? "–" : shown(value)),
        );
      }),
    );
    rest.textContent = isMany ? `The ${MOST_BARS} most probable of ${classes.length} classes.` : "";
  };
  const draw = (bytes: Uint8Array) => {
    const context = input.getContext("2d") as CanvasRenderingContext2D;
    const image = context.createImageData(width, height);
    const plane = width * height;
    for (let k = 0; k < plane; k++) {
      for (let c = 0; c < 3; c++) image.data[4 * k + c] = bytes[(channels === 3 ? c * plane : 0) + k];
      image.data[4 * k + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  };
  const forget = (sentence = "") => {
    answer.classList.toggle("problem", sentence !== "");
    answer.textContent = sentence || "Nothing to look at yet.";
    seen.hidden = true;
    show(undefined);
  };
  forget();
  return {
    element: element(
      "section",
      { class: "result", "aria-label": "What the network says" },
      answer,
      bars,
      rest,
      seen,
    ),
    forget,
    tell({ class: name, probability, probabilities }: Prediction, bytes: Uint8Array) {
      answer.classList.remove("problem");
      answer.replaceChildren(element("strong", {}, name), ` ${shown(probability)}`);
      seen.hidden = false;
      draw(bytes);
      show(probabilities);
    },
  };
}
