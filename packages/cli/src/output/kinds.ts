/*
 * The kinds of files that commands write: how their names end, and how one that this program wrote is told from all other
 * files.
 */

/** What a training's history has in columns. */
export const HISTORY_COLUMNS = [
  "epoch",
  "loss",
  "accuracy",
  "valLoss",
  "valAccuracy",
  "seconds",
  "imagesPerSecond",
] as const;

export interface FileKind {
  readonly ending: string;
  /** `a model`: what it holds. */
  readonly what: string;
  /** @param head its first 64 KiB @param tail its last 64 bytes; both with a character for each byte */
  readonly isOurs: (head: string, tail: string) => boolean;
}

export const MODEL_FILE: FileKind = {
  ending: ".safetensors",
  what: "a model",
  // 8 bytes with the header's length, then the header, which begins with the metadata
  isOurs: (head) => head.startsWith('{"__metadata__":{', 8) && head.includes('"unravel.spec":'),
};

export const REPORT_FILE: FileKind = {
  ending: ".html",
  what: "a report",
  isOurs: (head) =>
    head.startsWith("<!doctype html>") && head.includes('<meta name="generator" content="unravel">'),
};

export const ARRAYS_FILE: FileKind = {
  ending: ".npz",
  what: "a file of arrays",
  isOurs: (head, tail) => head.startsWith("PK\x03\x04") && tail.endsWith("written by unravel"),
};

export const TRACE_FILE: FileKind = {
  ending: ".json",
  what: "a trace",
  isOurs: (head) => head.startsWith('{\n"model": {"'),
};

export const DRAWING_FILE: FileKind = {
  ending: ".svg",
  what: "a drawing",
  isOurs: (head) => /^<svg [^>]*class="unravel-/.test(head),
};

export const HISTORY_TABLE: FileKind = {
  ending: ".csv",
  what: "a training's history",
  isOurs: (head) => head.startsWith(`${HISTORY_COLUMNS.join(",")}\n`),
};

export const HISTORY_FILE: FileKind = {
  ending: ".json",
  what: "a training's history",
  isOurs: (head) => head.startsWith('{"unravel":"history",'),
};

/** The text in a PNG that says which program made it. */
export const PNG_TEXT = { Software: "unravel" } as const;

export const PICTURE_FILE: FileKind = {
  ending: ".png",
  what: "a picture",
  isOurs: (head, tail) => head.startsWith("\x89PNG\r\n\x1a\n") && tail.includes("tEXtSoftware\0unravel"),
};

export const TRIALS_FILE: FileKind = {
  ending: ".ndjson",
  what: "a sweep's trials",
  isOurs: (head) => head.startsWith('{"sweep":"'),
};
