import { countOf } from "../data/dataset.js";
import { html } from "../html.js";
import { counted, times } from "../presentation/numbers.js";
import { calibrationTopic } from "./calibration.js";
import { classTopic } from "./classes.js";
import { confusionTopic } from "./confusion.js";
import { mistakesTopic } from "./mistakes.js";
import { overviewTopic } from "./overview.js";
import { style } from "./style.js";
import type { EvaluationSubject, Topic } from "./subject.js";

export type { EvaluationSubject } from "./subject.js";

/** The parts of the page in their order; undefined where there is nothing to tell. */
const topics: readonly ((subject: EvaluationSubject) => Topic | undefined)[] = [
  overviewTopic,
  confusionTopic,
  classTopic,
  calibrationTopic,
  mistakesTopic,
];

/**
 * How good a network is, as one HTML file: accuracy and loss, which classes are taken for which, how good the answers are for each
 * class, whether the probabilities can be believed, and the surest mistakes as pictures. It needs no script, no other file and no
 * network; it is light or dark as the reader's system is, and can be printed.
 */
export function renderEvaluation(subject: EvaluationSubject): string {
  const { modelName, model, data, trained } = subject;
  const shown = topics.flatMap((topic) => topic(subject) ?? []);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="unravel">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${modelName} on ${data.name}</title>
<style>${{ html: style }}</style>
</head>
<body>
<div class="page">
<header class="top"><h1>How good ${modelName} is on ${data.name}</h1><p class="note">${counted(countOf(data), "image")} of ${times(model.inputShape)}, ${counted(model.classes.length, "class", "classes")}, ${counted(model.parameterCount, "parameter")}${!trained && html`, <b>untrained</b>: its weights are random, so its answers are guesses`}</p></header>
<nav aria-label="Contents"><div class="inner"><h2>Contents</h2><ol>${shown.map(
    ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`,
  )}</ol></div></nav>
<main>${shown.map(
    ({ id, title, content }) => html`<section class="topic" id="${id}"><h2>${title}</h2>${content}</section>`,
  )}</main>
</div>
</body>
</html>
`;
  return page.html;
}
