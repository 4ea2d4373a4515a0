import { type BrokenSettings, brokenFrom, brokenWords } from "../broken/settings.js";
import { type TimingSettings, timingFrom, timingWords } from "../timing/settings.js";
import { type Settings, settingsFrom, settingsWords } from "../training/settings.js";
import type { Drawing, Stroke } from "./drawing.js";
import type { Right } from "./right.js";

/*
 * The page's state as the part of its address after #, so that a link shows what its sender saw. What is as it was at the
 * start is left out.
 */

export interface LinkState {
  readonly network?: string;
  readonly drawing?: Drawing;
  readonly answer?: Right;
  readonly cell?: string;
  readonly pass?: "backward";
  readonly scope?: "batch";
  readonly image?: number;
  readonly scaling?: "map";
  /** What is open in the drawer beside the network. */
  readonly tab?: string;
  readonly settings?: Settings;
  readonly timing?: TimingSettings;
  readonly broken?: BrokenSettings;
  /** The lesson that is open, and its step, counted from 1. */
  readonly lesson?: string;
  readonly step?: number;
  /** What the sender wants to say: text, never HTML. */
  readonly note?: string;
}

/** Longer notes are cut off. */
export const MOST_NOTE = 2000;

export function formatLink(state: LinkState): string {
  const words = new URLSearchParams();
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.set(name, String(value));
  };
  add("network", state.network);
  if (state.drawing)
    for (const [name, value] of Object.entries(drawingWords(state.drawing))) add(name, value);
  if (state.answer !== undefined) add("answer", answerWord(state.answer));
  add("cell", state.cell?.replaceAll(" ", ""));
  add("pass", state.pass);
  add("scope", state.scope);
  add("image", state.image);
  add("scale", state.scaling);
  add("tab", state.tab);
  if (state.settings)
    for (const [name, value] of Object.entries(settingsWords(state.settings))) add(name, value);
  if (state.timing) for (const [name, value] of Object.entries(timingWords(state.timing))) add(name, value);
  add("lesson", state.lesson);
  add("step", state.step);
  add("note", state.note);
  if (state.broken) for (const [name, value] of Object.entries(brokenWords(state.broken))) add(name, value);
  // brackets and commas may stand in an address as they are
  return words.toString().replace(/%5B/g, "[").replace(/%5D/g, "]").replace(/%2C/g, ",");
}

/** What a link says; what can't be understood in it is left out. */
export function parseLink(hash: string): LinkState {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const word = (name: string) => words.get(name) ?? undefined;
  const number = (name: string) => {
    const text = word(name);
    return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : undefined;
  };
  const drawing = drawingFrom(word);
  const state = {
    network: word("network"),
    drawing,
    answer: answerFrom(word("answer")),
    cell: word("cell"),
    pass: word("pass") === "backward" ? "backward" : undefined,
    scope: word("scope") === "batch" ? "batch" : undefined,
    image: number("image"),
    scaling: word("scale") === "map" ? "map" : undefined,
    tab: word("tab"),
    settings: settingsFrom(word),
    timing: timingFrom(word),
    broken: brokenFrom(word),
    lesson: word("lesson"),
    step: number("step"),
    note: word("note")?.slice(0, MOST_NOTE) || undefined,
  } as const;
  return Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
}

/** `3`; of several labels at once `1,3`, or `none`. */
const answerWord = (right: Right): string => [right].flat().join(",") || "none";

function answerFrom(word: string | undefined): Right | undefined {
  if (word === "none") return [];
  if (word === undefined || !/^\d{1,6}(,\d{1,6})*$/.test(word)) return undefined;
  const list = word.split(",").map(Number);
  return list.length === 1 ? list[0] : list;
}

function drawingWords({ base, strokes }: Drawing): Record<string, string> {
  const words: Record<string, string> = {};
  if (base?.kind === "sample") words.sample = `${base.digit}.${base.index}`;
  if (base?.kind === "pixels" && !base.isLive)
    words.pixels = `${base.shape.join("x")}.${toText(packed(base.bytes))}`;
  if (strokes.length > 0) words.strokes = strokes.map((stroke) => toText(Uint8Array.from(stroke))).join(".");
  if (!base && strokes.length === 0) words.strokes = "";
  return words;
}

function drawingFrom(word: (name: string) => string | undefined): Drawing | undefined {
  const sample = /^(\d)\.(\d{1,4})$/.exec(word("sample") ?? "");
  const pixels = /^(\d{1,2})x(\d{1,3})x(\d{1,3})\.([\w-]+)$/.exec(word("pixels") ?? "");
  const strokes = strokesFrom(word("strokes"));
  if (sample) {
    return {
      base: { kind: "sample", digit: Number(sample[1]), index: Number(sample[2]) },
      strokes: strokes ?? [],
    };
  }
  if (pixels) {
    const [channels, height, width] = pixels.slice(1, 4).map(Number);
    const bytes = unpacked(fromText(pixels[4]), channels * height * width);
    if (bytes) {
      return { base: { kind: "pixels", shape: [channels, height, width], bytes }, strokes: strokes ?? [] };
    }
  }
  return strokes && { base: undefined, strokes };
}

function strokesFrom(text: string | undefined): Stroke[] | undefined {
  if (text === undefined) return undefined;
  if (text === "") return [];
  return text
    .split(".")
    .map((part) => Array.from(fromText(part)))
    .map((points) => points.slice(0, points.length - (points.length % 2)))
    .filter((points) => points.length > 0);
}

/** Runs of zeros, which most of a digit is, as 0 and their number. */
function packed(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let k = 0; k < bytes.length; ) {
    let zeros = 0;
    while (zeros < 255 && bytes[k + zeros] === 0 && k + zeros < bytes.length) zeros++;
    if (zeros > 0) out.push(0, zeros);
    else out.push(bytes[k]);
    k += zeros || 1;
  }
  return Uint8Array.from(out);
}

function unpacked(bytes: Uint8Array, size: number): Uint8Array | undefined {
  if (size === 0 || size > 2 ** 20) return undefined;
  const out = new Uint8Array(size);
  let at = 0;
  for (let k = 0; k < bytes.length; k++) {
    if (bytes[k] === 0) at += bytes[++k] ?? 0;
    else if (at < size) out[at++] = bytes[k];
  }
  return at === size ? out : undefined;
}

/** Base 64 with letters that may stand in an address. */
function toText(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

function fromText(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) =>
      letter.charCodeAt(0),
    );
  } catch {
    return new Uint8Array();
  }
}
