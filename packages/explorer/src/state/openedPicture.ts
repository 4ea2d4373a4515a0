import {
  InputError,
  type Model,
  type PixelData,
  type PreparedPicture,
  preparePicture,
  readsHandwriting,
  sizeOf,
} from "unravel-cnn";
import type { Base, Drawing } from "./drawing.js";

/*
 * Pictures from files on the pad: what a network takes of them is made as `unravel predict` makes it, for each network anew.
 */

/** A picture as it was decoded, and for which networks the bytes of the pad were made from it. */
export interface Opened {
  readonly picture: PixelData;
  /** The same for networks that take the same of every picture. */
  readonly way: string;
}

/** What decides how a network takes pictures. */
const wayOf = (model: Model) =>
  JSON.stringify([model.inputShape, model.pictures?.fit ?? null, readsHandwriting(model)]);

/**
 * A picture on the pad, as a network takes it.
 * @param isLive whether a camera sees it
 * @throws InputError if the network can't take it
 */
export function openedFor(
  model: Model,
  picture: PixelData,
  isLive = false,
): PreparedPicture & { readonly base: Base } {
  const prepared = preparePicture(model, picture);
  const opened = { picture, way: wayOf(model) };
  const isWhole = model.pictures !== undefined;
  return {
    ...prepared,
    base: { kind: "pixels", shape: model.inputShape, bytes: prepared.input, opened, isWhole, isLive },
  };
}

/**
 * The drawing for this network: a picture from a file is made anew for one that takes pictures in another way. One that it can't take
 * leaves the pad black, and `problem` says why.
 */
export function retaken(drawing: Drawing, model: Model): { drawing: Drawing; problem?: string } {
  const { base } = drawing;
  const opened = base?.kind === "pixels" ? base.opened : undefined;
  const way = wayOf(model);
  if (opened === undefined || opened.way === way) return { drawing };
  try {
    const { isLive } = base as Extract<Base, { kind: "pixels" }>;
    return { drawing: { ...drawing, base: openedFor(model, opened.picture, isLive).base } };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const bytes = new Uint8Array(sizeOf(model.inputShape));
    const black: Base = { kind: "pixels", shape: model.inputShape, bytes, opened: { ...opened, way } };
    return { drawing: { ...drawing, base: black }, problem: error.message };
  }
}

/** So many drawings can be brought back. */
const MOST_BEFORE = 100;

/** The drawings that were before, with the last one; a decoded picture is large, so that only the one on the pad is kept. */
export function remembered(before: readonly Drawing[], last: Drawing, next: Drawing): readonly Drawing[] {
  const all = [...before, last].slice(-MOST_BEFORE);
  return pictureOf(last) === pictureOf(next) ? all : all.map(withoutPicture);
}

const pictureOf = ({ base }: Drawing) => (base?.kind === "pixels" ? base.opened?.picture : undefined);

function withoutPicture(drawing: Drawing): Drawing {
  const { base } = drawing;
  if (base?.kind !== "pixels" || base.opened === undefined) return drawing;
  const { opened, ...bytes } = base;
  return { ...drawing, base: bytes };
}
