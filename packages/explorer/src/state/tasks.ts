/**
 * What comes after this is a task of its own, so that a long piece of work doesn't keep the page from reacting: what was pressed
 * meanwhile comes first. A timer would wait for milliseconds.
 */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
