import { InputError } from "../../errors.js";
import { html, type Markup } from "../../html.js";
import { dtypeOf } from "../../tensor.js";
import { type Chapter, renderChapter } from "./chapter.js";
import { backwardChapters, forwardChapters, lastChapters } from "./chapters.js";
import { overview } from "./parts/overview.js";
import { slopesPart } from "./parts/slopes.js";
import { type ReportSubject, storyOf } from "./story.js";
import { style } from "./style.js";

export type { ReportSubject } from "./story.js";

/**
 * A report as one HTML file: a picture's way through a network and back, chapter by chapter, with pictures, formulas and one
 * number of each tensor worked out by hand. It needs no script, no other file and no network; it is light or dark as the
 * reader's system is, and can be printed.
 * @throws InputError unless the trace is of one image, and has the gradient of the image and an update; if there are more
 *   than 200 layers
 */
export function renderReport(subject: ReportSubject): string {
  checkLength(subject);
  const story = storyOf(subject);
  // In the order in which they are read: what a term means is said where it first appears.
  const summary = overview(story);
  const forward = forwardChapters(story);
  const slopes = slopesPart(story);
  const backward = backwardChapters(story);
  const last = lastChapters(story);
  const numberOf = (chapter: Chapter) => 1 + [...forward, ...backward, ...last].indexOf(chapter);
  const rendered = (chapters: readonly Chapter[]) =>
    chapters.map((chapter) => renderChapter(chapter, numberOf(chapter)));
  const precision =
    dtypeOf(subject.trace.tensors.x) === "float64"
      ? "Every number is worked out in double precision"
      : "Every number is stored in single precision, about seven digits";
  const title = `${subject.imageName}: through ${subject.modelName} and back`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="unravel">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${{ html: style }}</style>
</head>
<body>
<div class="page">
<header class="top"><h1>A picture’s way through a network, and back</h1><p class="note">${subject.imageName}, ${subject.modelName}${subject.trained ? "" : html`, <b>untrained</b>: its weights are random, so its answer is a guess`}</p></header>
<nav aria-label="Contents"><div class="inner"><h2><a href="#overview">Overview</a></h2>${contents("Forward", forward, numberOf)}${contents("Backward", backward, numberOf)}${contents("Afterwards", last, numberOf)}</div></nav>
<main>${summary}${rendered(forward)}${slopes}${rendered(backward)}${rendered(last)}<footer class="note"><p>${precision}, and rounded only to be shown. A product is that of the exact numbers, not of the rounded ones, so its last digit can differ by one.</p></footer></main>
</div>
</body>
</html>
`;
  return page.html;
}

/** A page of more layers would be too long to be read, and take minutes. */
const MOST_LAYERS = 200;

function checkLength({ trace }: ReportSubject): void {
  const { length } = trace.model.layers;
  if (length > MOST_LAYERS) {
    throw new InputError(
      `A report can tell of ${MOST_LAYERS} layers at most, but the network has ${length}; write a trace instead.`,
    );
  }
}

function contents(
  title: string,
  chapters: readonly Chapter[],
  numberOf: (chapter: Chapter) => number,
): Markup {
  return html`<h2 class="${chapters[0].direction}">${title}</h2><ol>${chapters.map(
    (chapter) =>
      html`<li><a href="#${chapter.id}">${numberOf(chapter)}&nbsp; ${chapter.name}<small>${chapter.kind}</small></a></li>`,
  )}</ol>`;
}
