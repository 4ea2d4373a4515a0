import type { Convolution } from "unravel-cnn";
import type { Machine } from "../machine.js";
import { counted } from "./numbers.js";

/** What figures come from, in 80 columns. */
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

/** Threads of other programs at work, from which on figures may suffer. */
const BUSY = 0.7;

/** Whether other programs were at work. */
export function busyLines({ load }: Machine): string[] {
  if (load <= BUSY) return [];
  return [`          Other work kept ${load.toFixed(1)} threads busy: by itself it would be faster.`];
}
