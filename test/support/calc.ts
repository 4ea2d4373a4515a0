/*
 * Calculations as people write them: `name  0.5 × 1.8 - e^(0.3 - 1.3) = 0.5321`. What stands before two spaces is a name.
 */

/**
 * What is wrong with a line, or undefined. All sides of its `=` must be the same; where a number has four digits after the
 * point it is taken to be rounded, and the last of them may be off by one.
 */
export function mistakeIn(line: string): string | undefined {
  const sides = line.replace(/^\S.*? {2,}/, "").split("=");
  if (sides.length < 2) return `${line}: there is nothing to compare`;
  const [value, ...others] = sides.map(calculate);
  const tolerance = /\.\d{4}/.test(line) ? 1.5e-4 : 1e-9;
  const wrong = others.find((other) => !(Math.abs(other - value) <= tolerance));
  return wrong === undefined ? undefined : `${line}: it is ${value}, not ${wrong}`;
}

function calculate(text: string): number {
  const code = text
    .replaceAll("×", "*")
    .replace(/e\^\(/g, "Math.exp(")
    .replace(/e\^([\d.]+)/g, "Math.exp($1)")
    .replace(/\bln\(/g, "Math.log(");
  if (!/^[\d\s.+\-*/()]*$/.test(code.replace(/Math\.(exp|log)/g, "")))
    throw new Error(`not a calculation: ${text}`);
  return Function(`return ${code.replace(/-\s*-/g, "+")}`)();
}
