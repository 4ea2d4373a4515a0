import { countOf } from "../data/dataset.js";
import { type Content, html } from "../html.js";
import { percent, short, whole } from "../presentation/numbers.js";
import { answerQualities, type ClassQuality, classQualities } from "../training/quality.js";
import { type EvaluationSubject, share, type Topic } from "./subject.js";

/** Of so few classes, the five most probable are too many to say much. */
const MOST_WITHOUT_TOP = 10;

/** The few numbers that say most. */
export function overviewTopic(subject: EvaluationSubject): Topic {
  const { model, data, evaluation, scores } = subject;
  const count = countOf(data);
  const right = Math.round(evaluation.accuracy * count);
  const figures: [name: Content, value: string][] = [];
  if (scores) {
    const of = evaluation.confusion.map((row) => row.reduce((sum, images) => sum + images, 0));
    figures.push(
      ["loss, the mean of all images", short(evaluation.loss, 4)],
      ["mean F1 of the classes", meanF1(classQualities(evaluation.confusion))],
    );
    if (model.classes.length > MOST_WITHOUT_TOP) {
      figures.push(["right class among the five most probable", share(scores.top5)]);
    }
    if (scores.calibrationError !== null) {
      figures.push(["expected calibration error", share(scores.calibrationError)]);
    }
    figures.push(["would be right with always the commonest class", share(Math.max(...of) / count)]);
  } else {
    figures.push(["loss, the mean of all images", short(evaluation.loss, 4)]);
    if (evaluation.answers)
      figures.push(["mean F1 of the classes", meanF1(answerQualities(evaluation.answers))]);
  }
  const said = scores ? "images are right" : "images have every label right";
  const content = html`<dl class="figures"><div class="main"><dt>accuracy: ${whole(right)} of ${whole(count)} ${said}</dt><dd>${percent(evaluation.accuracy)}</dd></div>${figures.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`;
  return { id: "overview", title: "Overview", content };
}

/** Of the classes that there are images of. */
function meanF1(qualities: readonly ClassQuality[]): string {
  const f1 = qualities.flatMap(({ f1, images }) => (images > 0 ? [f1 ?? 0] : []));
  return share(f1.reduce((sum, one) => sum + one, 0) / f1.length);
}
