import type { Explorer } from "../state/explorer.svelte.js";

/** Opens what the visitor wants to see. A refusal is said, and stays until the next try: what follows speaks for itself. */
export async function attempt(explorer: Explorer, work: () => Promise<void> | void): Promise<void> {
  explorer.notice = undefined;
  try {
    await work();
  } catch (error) {
    explorer.tell((error as Error).message);
  }
}
