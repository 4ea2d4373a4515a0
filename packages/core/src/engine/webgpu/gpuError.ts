import { FailureError, InputError } from "../../errors.js";

/** A GPU that can't be used, or can't any more, so that another engine has to go on. */
export class GpuError extends FailureError {
  /** What has happened: the sentence without what is to be done. */
  readonly reason: string;

  constructor(reason: string, advice = "use the wasm engine") {
    super(`${reason}; ${advice}.`);
    this.reason = reason;
  }
}

/** There is no GPU here, or not what it takes to use it. */
export class NoGpuError extends InputError {
  /** As of a GpuError. */
  readonly reason: string;

  constructor(reason: string, advice = "use the wasm engine") {
    super(`${reason}; ${advice}.`);
    this.reason = reason;
  }
}

/** A message of a browser or a driver as a part of a sentence: its first line, without its stop. */
export const brief = (message: string): string => message.split("\n")[0].replace(/[\s.]+$/, "");
