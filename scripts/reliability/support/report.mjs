/** A table in Markdown. @param rows each with as many cells as there are titles */
export function table(titles, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(titles), line(titles.map(() => "---")), ...rows.map(line)].join("\n");
}

export const whole = (number) => number.toLocaleString("en-US");

/** What is being done, on stderr: one line that is written over on a terminal, a line now and then elsewhere. */
export function progress() {
  let last = -Infinity;
  const every = process.stderr.isTTY ? 200 : 10_000;
  return (text, always = false) => {
    if (!always && performance.now() - last < every) return;
    last = performance.now();
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}${always ? "\n" : ""}` : `${text}\n`);
  };
}

/** Prints a table under its heading, and ends the process: 1 where there were faults. */
export function conclude(markdown, faults) {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  for (const fault of faults.slice(0, 20)) process.stderr.write(`FAULT ${fault}\n`);
  if (faults.length > 20) process.stderr.write(`and ${faults.length - 20} more\n`);
  console.log(markdown);
  process.exitCode = faults.length > 0 ? 1 : 0;
}
