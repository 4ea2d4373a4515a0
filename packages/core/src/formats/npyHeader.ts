import { show } from "../errors.js";
import { known } from "../known.js";
import type { Shape } from "../tensor.js";
import type { Fail } from "./fail.js";

/** What stands before the numbers of a .npy file. */
export interface NpyHeader {
  /** NumPy's short name: `<f8`, `|b1`. */
  readonly descr: string;
  /** Whether the first dimension is contiguous, and not the last. */
  readonly fortranOrder: boolean;
  readonly shape: Shape;
}

/** NumPy's own limit for dimensions. */
const MOST_DIMENSIONS = 64;

/** The text is a Python dictionary: `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`. */
export function parseNpyHeader(text: string, fail: Fail): NpyHeader {
  const found = new Map<string, string>();
  let rest = text.trim();
  if (!rest.startsWith("{") || !rest.endsWith("}")) return notADictionary(text, fail);
  rest = rest.slice(1, -1).trim();
  while (rest !== "") {
    const entry = ENTRY.exec(rest);
    if (!entry) return notADictionary(text, fail);
    const [whole, , key, value] = entry;
    if (found.has(key)) fail(`its header has the key ${show(key)} twice`);
    found.set(key, value);
    rest = rest.slice(whole.length);
  }
  for (const key of found.keys()) {
    if (!KEYS.includes(key)) fail(`its header has an unknown key ${show(key)}`);
  }
  for (const key of KEYS) if (!found.has(key)) fail(`its header has no key ${show(key)}`);
  return {
    descr: parseDescr(known(found.get("descr")), fail),
    fortranOrder: parseBoolean(known(found.get("fortran_order")), fail),
    shape: parseShape(known(found.get("shape")), fail),
  };
}

const KEYS = ["descr", "fortran_order", "shape"];

/** `'key': value,` where the value is a word, a text, a tuple, or a list of whatever. */
const ENTRY = /^(['"])(\w+)\1\s*:\s*('[^']*'|"[^"]*"|\w+|\([^()]*\)|\[.*\])\s*(?:,\s*|$)/;

function notADictionary(text: string, fail: Fail): never {
  return fail(`its header is ${show(text.trim())}, not a dictionary with descr, fortran_order and shape`);
}

function parseDescr(text: string, fail: Fail): string {
  if (text.startsWith("[")) {
    return fail("it holds a structured array, with named fields; save each field as an array of its own");
  }
  return /^['"]/.test(text) ? text.slice(1, -1) : fail(`its dtype is ${show(text)}, not a text like '<f8'`);
}

function parseBoolean(text: string, fail: Fail): boolean {
  if (text !== "True" && text !== "False") fail(`its fortran_order is ${show(text)}, not True or False`);
  return text === "True";
}

function parseShape(text: string, fail: Fail): Shape {
  const tuple = /^\(([^()]*)\)$/.exec(text);
  const wrong = () => fail(`its shape is ${show(text)}, not a tuple of whole numbers`);
  if (!tuple) return wrong();
  const sizes = tuple[1].trim() === "" ? [] : tuple[1].trim().replace(/,$/, "").split(",");
  const shape = sizes.map((size) => (/^\s*\d{1,15}L?\s*$/.test(size) ? Number.parseInt(size, 10) : wrong()));
  if (shape.length > MOST_DIMENSIONS) fail(`its shape has ${shape.length} dimensions`);
  return shape;
}
