import { InputError } from "unravel-cnn";
import { expect } from "vitest";
import { expectSentence } from "../../../../test/support/sentence.js";

/** Looks whether somebody is told in one sentence that something can't be done. */
export async function expectRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect((error as InputError).message).toMatch(message);
  expectSentence((error as InputError).message);
}
