import { table } from "../explain/report/grids.js";
import { type Content, html } from "../html.js";
import { counted, whole } from "../presentation/numbers.js";
import { answerQualities, classQualities } from "../training/quality.js";
import { areNumbered, type EvaluationSubject, share, type Topic } from "./subject.js";

/** Up to so many classes stand in their own order; of more, those with the lowest F1 come first. */
const MOST_IN_ORDER = 20;

/** How good the answers are for each class. */
export function classTopic({ model, evaluation }: EvaluationSubject): Topic {
  const { answers, confusion } = evaluation;
  const qualities = answers ? answerQualities(answers) : classQualities(confusion);
  const all = qualities.map((quality, k) => ({ ...quality, k }));
  const met = all.filter(({ f1 }) => f1 !== null);
  const shown =
    all.length <= MOST_IN_ORDER ? all : met.sort((a, b) => (a.f1 ?? 0) - (b.f1 ?? 0) || a.k - b.k);
  const missing = model.classes.length - shown.length;
  const numbered = areNumbered(model.classes);
  const rows = shown.map(({ k, images, precision, recall, f1 }) => ({
    cells: [
      ...(numbered ? [whole(k)] : []),
      model.classes[k],
      whole(images),
      part(precision),
      part(recall),
      part(f1),
      html`<i style="width:${+(100 * (f1 ?? 0)).toFixed(1)}%"></i>`,
    ],
  }));
  const content: Content = [
    html`<p><dfn>Precision</dfn>: of the images that were taken for the class, the share that shows it. <dfn>Recall</dfn>: of the images that show it, the share that was taken for it. <dfn>F1</dfn>: the harmonic mean of both, which the bar shows.${
      shown !== all && " The lowest F1 comes first."
    }</p>`,
    table([...(numbered ? [""] : []), "class", "images", "precision", "recall", "F1", ""], rows, [
      ...(numbered ? (["n"] as const) : []),
      "text",
      ...Array<"n">(4).fill("n"),
      "bar",
    ]),
    missing > 0 &&
      html`<p class="note">${counted(missing, "class", "classes")} of which there is no image ${missing === 1 ? "is" : "are"} left out.</p>`,
  ];
  return { id: "classes", title: "Class by class", content };
}

const part = (value: number | null): string => (value === null ? "–" : share(value));
