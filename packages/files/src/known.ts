/**
 * What must be there: an entry that was put into a map before, a search that always finds.
 *
 * @throws Error if it isn't there: a fault of this program, not of what it was given
 */
export function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("Something is missing that this program put there before.");
  return value;
}
