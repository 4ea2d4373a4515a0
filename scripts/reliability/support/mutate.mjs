import { InputError, randomStream } from "unravel-cnn";

/** A damaged file is read or refused within this, on a machine that does other things, too. */
const LONGEST_MS = 5000;
/** A file of a few kilobytes never takes more at once, whatever it promises. */
const MOST_BYTES = 200 * 2 ** 20;
/** What may be held when a file has been read, beside `factor` times its length, where a reader names nothing else. */
const USUAL_BASE = 2 ** 15;

/**
 * Reads damaged files, one after the other: each must be read or refused with an InputError that is a good sentence.
 * @param count for readers with a share of 1
 * @param limit milliseconds for each reader, which then reads no more
 * @returns a function of a reader: its counts, and what was wrong: each with the number and the seed that find it again
 */
export function mutator(seed, count, { limit = Infinity, onProgress = () => {} } = {}) {
  return async ({ name, read, samples, share, factor, base = USUAL_BASE }) => {
    const stream = randomStream(seed, name);
    let drawn = 0;
    const below = (n) => stream.below(n, drawn++);
    const counts = {
      name,
      files: 0,
      read: 0,
      refused: 0,
      kinds: 0,
      longest: 0,
      grown: 0,
    };
    const faults = [];
    const kinds = new Set();
    // where this throws, the sample is wrong, not the reader
    for (const [sound] of samples) if (sound) await read(sound);
    const begun = performance.now();
    for (let k = 0; k < count * share && performance.now() - begun < limit; k++) {
      counts.files++;
      const [, ...ways] = samples[below(samples.length)];
      const bytes = ways[below(ways.length)](below);
      const fault = (what) => faults.push(`${name}, file ${k} of seed ${seed}: ${what}`);
      const { outcome, milliseconds, grown, held } = await attempt(read, bytes);
      if (outcome === undefined) counts.read++;
      else if (outcome instanceof InputError) {
        counts.refused++;
        kinds.add(
          outcome.message
            .replace(/^\S*: /, "")
            .replace(/"[^"]*"|\d+/g, "?")
            .slice(0, 60),
        );
        if (!isSentence(outcome.message)) fault(`no sentence: ${JSON.stringify(outcome.message)}`);
      } else fault(`${outcome?.stack ?? outcome}`.split("\n").slice(0, 3).join(" "));
      if (milliseconds > LONGEST_MS) fault(`${milliseconds.toFixed(0)} ms`);
      if (grown > MOST_BYTES) fault(`${grown} bytes for a file of ${bytes.length}`);
      if (held > factor * bytes.length + base) fault(`${held} bytes held of a file of ${bytes.length}`);
      counts.longest = Math.max(counts.longest, milliseconds);
      counts.grown = Math.max(counts.grown, grown);
      onProgress(`${name}: ${k} of ${Math.ceil(count * share)}`);
    }
    return { counts: { ...counts, kinds: kinds.size }, faults };
  };
}

async function attempt(read, bytes) {
  const before = { peak: process.resourceUsage().maxRSS, arrays: process.memoryUsage().arrayBuffers };
  const start = performance.now();
  let outcome;
  try {
    await read(bytes);
  } catch (error) {
    outcome = error ?? new Error("it threw nothing");
  }
  return {
    outcome,
    milliseconds: performance.now() - start,
    grown: (process.resourceUsage().maxRSS - before.peak) * 1024,
    held: process.memoryUsage().arrayBuffers - before.arrays,
  };
}

/** One sentence on one line (test/support/sentence.ts), whatever it quotes from the file. */
export function isSentence(message) {
  const own = message.replace(/"(\\.|[^"\\])*("|…)/g, '"..."');
  return /^[^\n\r]{20,600}\.$/.test(message) && !/\.\.$|\. [A-Z]|undefined|\[object/.test(own);
}
