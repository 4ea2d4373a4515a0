/** A name as it can stand on a line of output: control characters, which could end the line or steer the terminal, become ?. */
export function printable(name: string): string {
  return name.replace(/\p{Cc}/gu, "?");
}
