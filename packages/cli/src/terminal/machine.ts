import type { Convolution } from "unravel-cnn";
import type { Machine } from "../machine.js";
import { counted } from "./numbers.js";

/** The machine that figures were measured on, in 80 columns. */
export function machineLines(
  { cpu, cores, node, v8, relaxed }: Machine,
  { strict, convolution }: { readonly strict: boolean; readonly convolution: Convolution },
): string[] {
  const all = `, ${counted(cores, "core")}`;
  const path = strict ? "strict" : relaxed ? "relaxed SIMD" : "no relaxed SIMD";
  return [
    `Machine   ${cpu.slice(0, 70 - all.length)}${all}`,
    `          Node ${node.slice(1)}, V8 ${v8}, ${path}${convolution === "direct" ? ", direct convolution" : ""}`,
  ];
}

/** If other programs keep more threads busy than this, figures may be too low. */
const BUSY = 0.7;

/** A remark, if other programs were busy. */
export function busyLines({ load }: Machine): string[] {
  if (load <= BUSY) return [];
  return [`          Other work kept ${load.toFixed(1)} threads busy: by itself it would be faster.`];
}
