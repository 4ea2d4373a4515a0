/*
 * What a page's own thread does, in processor time: on a machine that others share, a task of 5 ms may take 50 by the clock.
 */

/**
 * Runs `act` and returns how many milliseconds of processor time each task and each animation frame's scripts took.
 * @param page of playwright; nothing else should be at work in its browser
 */
export async function workDuring(page, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  const complete = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel", "devtools.timeline"] },
  });
  const result = await act();
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  const of = ({ pid, tid }) => `${pid}/${tid}`;
  const threads = new Map();
  for (const event of events) {
    if (event.name === "thread_name" && event.args.name === "CrRendererMain") threads.set(of(event), 0);
  }
  for (const event of events) {
    if (threads.has(of(event))) threads.set(of(event), threads.get(of(event)) + (event.tdur ?? 0));
  }
  const [[busiest]] = [...threads].sort(([, a], [, b]) => b - a);
  const millisecondsOf = (isWanted) =>
    events
      .filter((event) => of(event) === busiest && event.tdur !== undefined && isWanted(event.name))
      .map(({ tdur }) => tdur / 1000);
  return {
    result,
    tasks: millisecondsOf((name) => name.endsWith("RunTask")),
    frames: millisecondsOf((name) => name === "FireAnimationFrame"),
  };
}
