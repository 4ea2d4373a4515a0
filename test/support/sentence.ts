import { expect } from "vitest";
import { FailureError, InputError } from "../../packages/core/src/errors.js";

/** A message for a person: one sentence, on one line, that one can read. */
export function expectSentence(message: string): void {
  expect(message).toMatch(/^[^\n\r]{20,400}\.$/);
  expect(message).not.toMatch(/\.\.$|\. [A-Z]|undefined|\[object/);
}

type Work = () => unknown;
type Kind = typeof InputError | typeof FailureError;

/** What `work` throws, or rejects with: an error of just this kind, whose message is a sentence that matches. */
async function expectError(kind: Kind, work: Work, message: RegExp): Promise<void> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, "it must throw").toBeInstanceOf(kind);
  const text = (thrown as Error).message;
  expect(text).toMatch(message);
  expectSentence(text);
}

export const expectInputError = (work: Work, message: RegExp) => expectError(InputError, work, message);
export const expectFailure = (work: Work, message: RegExp) => expectError(FailureError, work, message);
