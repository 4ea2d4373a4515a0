import type { BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import { browserWithCamera, emptyPage } from "../../../../test/support/browser.js";
import { withData } from "../../../cli/src/explore/data.js";
import { serve } from "../../../cli/src/explore/server.js";
import { pageSite, type Site } from "../../../cli/src/explore/site.js";

/*
 * The page as the command serves it. Other hosts can't be reached, and what is asked of them is counted: a page must ask
 * for nothing elsewhere, and must not complain to developers.
 */

export interface Visit {
  readonly page: Page;
  readonly url: string;
  /** What was asked of other hosts. */
  readonly elsewhere: readonly string[];
}

export interface VisitOptions extends BrowserContextOptions {
  /** The part of the address after #. */
  readonly link?: string;
  /** A folder with data sets that the server has. */
  readonly data?: string;
  /** Whether the page may share memory between threads; default: yes, as the command serves it. */
  readonly isolated?: boolean;
  /** Answers of another host, by address, that the page is expected to ask for. */
  readonly answers?: ReadonlyMap<string, Uint8Array>;
  /** A file that the camera plays, or how many cameras there are, in a browser of its own. */
  readonly camera?: string | number;
  /** Runs in the page before anything of its own does. */
  readonly before?: () => void;
  /** Whether no other test comes to the same window: for one that leaves more in it than a page of another address sees. */
  readonly alone?: boolean;
}

const WIDE = { width: 1440, height: 900 };
/** A window like a phone's. */
export const PHONE = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true } as const;

/** Windows by their options, that the next test may have. */
const idle = new Map<string, Window>();

/**
 * The page where nothing is kept, and which the test may leave as it likes; when it is here it shows numbers. Another test
 * may have the window next: opening one, and compiling the page in it, takes longer than all else of a visit.
 */
export async function visit({
  link = "",
  data,
  colorScheme = "light",
  ...options
}: VisitOptions = {}): Promise<Visit> {
  const { before, answers, isolated, serviceWorkers, alone } = options;
  const clip = typeof options.camera === "string" ? options.camera : undefined;
  const isCommon = [before, answers, isolated, serviceWorkers, alone, clip].every((own) => own === undefined);
  const key = JSON.stringify(options);
  const found = isCommon ? idle.get(key) : undefined;
  if (found) idle.delete(key);
  const window = found ?? (await openWindow({ data, ...options }));
  const { close, expectPeace, leave, begin, ...opened } = window;
  if (found) await begin(data);
  await opened.page.emulateMedia({ colorScheme });
  onTestFinished(async ({ task }) => {
    if (isCommon && task.result?.state !== "fail" && !idle.has(key)) {
      await leave();
      idle.set(key, window);
    } else await close();
    expectPeace();
  });
  await opened.page.goto(`${opened.url}${link && `#${link}`}`);
  await opened.page.locator("main").waitFor();
  await opened.page.locator(".sheet .value").waitFor({ state: "attached" }); // which comes last
  return opened;
}

/**
 * Runs in the page: a training that doesn't begin in time isn't started again, as a busy machine takes longer than that time; that it
 * is where the time has come is tested with a clock of its own (starts.test.ts).
 */
function waitForever(): void {
  const own = window.setTimeout.bind(window);
  window.setTimeout = ((work: () => void, time = 0, ...given: unknown[]) =>
    own(work, time < 15_000 ? time : 2 ** 31 - 1, ...given)) as typeof window.setTimeout;
}

type Window = Awaited<ReturnType<typeof openWindow>>;
/** The windows that tests share, by their options. */
const windows = new Map<string, Promise<Window>>();
let visits = 0;

/**
 * As `visit`, in a window that tests of the same options share: following a link brings the page back to its start, in a
 * fraction of the time. For tests that don't train, and leave the shelf of samples as it was.
 */
export async function sharedVisit(link = "", options: BrowserContextOptions = {}): Promise<Visit> {
  const key = JSON.stringify(options);
  const isNew = !windows.has(key);
  if (isNew) windows.set(key, openWindow(options));
  const { close, expectPeace, leave, begin, ...opened } = await (windows.get(key) as Promise<Window>);
  const { page, url } = opened;
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") {
      windows.delete(key); // what state it is in nobody knows
      await close();
    }
    expectPeace();
  });
  if (!isNew) {
    await page.setViewportSize(options.viewport ?? WIDE);
    await page.mouse.move(0, 0);
    await page.evaluate(tidy);
  }
  // the page writes its own address when all that the link says is shown
  await page.goto(`${url}#visit=${++visits}&${link}`);
  await page.waitForFunction(() => location.hash !== "" && !location.hash.startsWith("#visit="));
  return opened;
}

/** Closes what no link closes. */
function tidy(): void {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  for (const menu of document.querySelectorAll("details")) menu.open = false;
  document.querySelector<HTMLElement>(".notice button")?.click();
  (document.activeElement as HTMLElement | null)?.blur();
  scrollTo(0, 0);
}

let site: ReturnType<typeof pageSite> | undefined;

async function siteWith(data: string | undefined): Promise<Site> {
  site ??= pageSite();
  return data === undefined ? site : withData(await site, { UNRAVEL_DATA: data });
}

async function openWindow(all: Omit<VisitOptions, "link">) {
  const { before, data, alone, camera, isolated = true, answers = new Map(), ...options } = all;
  let served = await siteWith(data);
  const server = await serve({ get: (path: string) => served.get(path) } as Site, 0);
  const own = camera === undefined ? undefined : await browserWithCamera(camera);
  const wanted = { viewport: WIDE, serviceWorkers: "block", acceptDownloads: true, ...options } as const;
  const page = own ? await own.newPage(wanted) : await emptyPage(wanted);
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  const isOwn = (address: string) => address.startsWith(server.url) || /^(blob|data):/.test(address);
  if (answers.size > 0) {
    await page.context().route(
      (address) => answers.has(address.href),
      (route) => {
        const body = Buffer.from(answers.get(route.request().url()) as Uint8Array);
        return route.fulfill({ body, headers: { "access-control-allow-origin": "*" } });
      },
    );
  }
  if (!isolated) {
    // it's the page that says whether it is isolated: what it loads then needs no answer of a test's, which takes a while
    await page.context().route(server.url, async (route) => {
      const response = await route.fetch();
      const headers = Object.entries(response.headers()).filter(([name]) => !name.startsWith("cross-origin"));
      await route.fulfill({ response, headers: Object.fromEntries(headers) });
    });
  }
  page.on("request", (request) => {
    if (!isOwn(request.url())) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    const isOfTest = /service worker/i.test(message.text()); // blocked by the test
    if (["error", "warning"].includes(message.type()) && !isOfTest) complaints.push(message.text());
  });
  await page.addInitScript(waitForever);
  if (before) await page.addInitScript(before);
  return {
    page,
    url: server.url,
    elsewhere,
    /** Ends the page, which may be training: to a text of the same site, so that the browser need not start anew. */
    leave: async () => {
      await page.goto(`${server.url}licences.txt`);
    },
    /** With nothing of what others have left there, and other data. */
    begin: async (data: string | undefined) => {
      served = await siteWith(data);
      await page.evaluate(() => sessionStorage.clear());
      const devTools = await page.context().newCDPSession(page);
      const { origin } = new URL(server.url);
      await devTools.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
      await devTools.detach();
      await page.setViewportSize(options.viewport ?? WIDE);
      await page.mouse.move(0, 0);
    },
    close: async () => {
      await page.context().close();
      await own?.close();
      await server.close();
    },
    /** It asked nobody else, and had no complaints, since the last time. */
    expectPeace: () => {
      expect(elsewhere.splice(0).filter((address) => !answers.has(address))).toEqual([]);
      expect(complaints.splice(0)).toEqual([]);
    },
  };
}
