import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

/*
 * Firefox, driven through WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it speaks by itself:
 * `$UNRAVEL_FIREFOX`, else an installed one.
 */

const names = ["firefox-esr", "firefox"];
export const firefoxProgram: string | undefined =
  process.env.UNRAVEL_FIREFOX ||
  [
    ...(process.env.PATH ?? "").split(delimiter).flatMap((folder) => names.map((name) => join(folder, name))),
    "/Applications/Firefox.app/Contents/MacOS/firefox",
  ].find(existsSync);

type Answer = {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
};

const START_MS = 60_000;
/** An element that isn't there by then doesn't come. */
const ELEMENT_MS = 30_000;

/** Without what a person's browser does besides, which takes as much time as a page. */
const preferences = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.newtab.preload": false,
  "browser.newtabpage.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.safebrowsing.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.topsites.contile.enabled": false,
  "datareporting.healthreport.uploadEnabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.ipc.processPrelaunch.enabled": false,
  "extensions.systemAddon.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  // a camera that is none, and nobody is asked whether a page may use it
  "media.navigator.permission.disabled": true,
  "media.navigator.streams.fake": true,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.enabled": false,
};

/** Where an element lies in the window, in pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A window of a Firefox of its own, with a profile of its own. */
export class Firefox {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  #context = "";
  #last = 0;
  readonly #waiting = new Map<number, (answer: Omit<Answer, "id">) => void>();

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on("message", (data) => {
      const answer = JSON.parse(String(data)) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    socket.on("close", () => {
      for (const answer of this.#waiting.values()) answer({ error: "closed", message: "Firefox has ended" });
      this.#waiting.clear();
    });
  }

  static async start(path: string): Promise<Firefox> {
    const profile = await mkdtemp(join(tmpdir(), "unravel-firefox-"));
    const lines = Object.entries(preferences).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    await writeFile(join(profile, "user.js"), lines.join(""));
    const flags = ["--headless", "--no-remote", "--width=1440", "--height=900"];
    const child = spawn(path, [...flags, "--profile", profile, "--remote-debugging-port=0", "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    try {
      const socket = new WebSocket(`${await addressOf(child)}/session`);
      await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
      const firefox = new Firefox(child, profile, socket);
      await firefox.#send("session.new", { capabilities: {} });
      const { contexts } = (await firefox.#send("browsingContext.getTree", {})) as {
        contexts: { context: string }[];
      };
      firefox.#context = contexts[0].context;
      return firefox;
    } catch (error) {
      child.kill();
      throw error;
    }
  }

  async goto(url: string): Promise<void> {
    await this.#send("browsingContext.navigate", { context: this.#context, url, wait: "complete" });
  }

  /** What a function gives in the page; arguments and result are plain data. */
  async evaluate<Result, Args extends readonly unknown[]>(
    work: (...args: Args) => Result | Promise<Result>,
    ...args: Args
  ): Promise<Result> {
    const { exceptionDetails, result } = (await this.#send("script.callFunction", {
      functionDeclaration: `async (args) => JSON.stringify(await (${work})(...JSON.parse(args)))`,
      arguments: [{ type: "string", value: JSON.stringify(args) }],
      target: { context: this.#context },
      awaitPromise: true,
    })) as { exceptionDetails?: { text: string }; result: { value?: string } };
    if (exceptionDetails) throw new Error(`In the page: ${exceptionDetails.text}`);
    return (result.value === undefined ? undefined : JSON.parse(result.value)) as Result;
  }

  /** Clicks the middle of the first element that fits, with the mouse. */
  async click(selector: string): Promise<void> {
    await this.press(selector);
    await this.release();
  }

  /** Presses the mouse's button on the middle of the first element that fits, until `release`. */
  async press(selector: string): Promise<void> {
    const { x, y, width, height } = await this.#boxOf(selector, true);
    await this.#point([
      { type: "pointerMove", x: Math.round(x + width / 2), y: Math.round(y + height / 2) },
      { type: "pointerDown", button: 0 },
    ]);
  }

  async release(): Promise<void> {
    await this.#point([{ type: "pointerUp", button: 0 }]);
  }

  /** Chooses files of this machine for the first field that fits. */
  async chooseFiles(selector: string, files: readonly string[]): Promise<void> {
    const find = async () => {
      const { result } = (await this.#send("script.evaluate", {
        expression: `document.querySelector(${JSON.stringify(selector)})`,
        target: { context: this.#context },
        awaitPromise: false,
      })) as { result: { sharedId?: string } };
      return result.sharedId;
    };
    const element = { sharedId: await this.#await(find, selector) };
    await this.#send("input.setFiles", { context: this.#context, element, files });
  }

  /** Moves the mouse with its button down over an element: along points from 0 to 1 across it. */
  async drag(selector: string, points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    const box = await this.#boxOf(selector, false);
    const [first, ...rest] = points.map(([x, y]) => ({
      type: "pointerMove",
      x: Math.round(box.x + x * box.width),
      y: Math.round(box.y + y * box.height),
    }));
    const actions = [
      first,
      { type: "pointerDown", button: 0 },
      ...rest.map((move) => ({ ...move, duration: 50 })),
      { type: "pointerUp", button: 0 },
    ];
    await this.#point(actions);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#socket.close();
    this.#process.kill();
    await gone;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Where the first element that fits lies, as soon as it is seen: a page's script may make it after the page is loaded. */
  async #boxOf(selector: string, inTheMiddle: boolean): Promise<Box> {
    const look = (wanted: string, scroll: boolean): Box | undefined => {
      const element = document.querySelector(wanted);
      if (scroll) element?.scrollIntoView({ block: "center" });
      const { x, y, width, height } = element?.getBoundingClientRect() ?? { x: 0, y: 0, width: 0, height: 0 };
      return width > 0 && height > 0 ? { x, y, width, height } : undefined;
    };
    return this.#await(() => this.evaluate(look, selector, inTheMiddle), selector);
  }

  /** What `look` finds at last; it is asked again as long as that is nothing. */
  async #await<Found>(look: () => Promise<Found | undefined>, selector: string): Promise<Found> {
    for (const until = Date.now() + ELEMENT_MS; ; ) {
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > until) throw new Error(`There is no ${selector} after ${ELEMENT_MS / 1000} s.`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #point(actions: readonly object[]): Promise<void> {
    await this.#send("input.performActions", {
      context: this.#context,
      actions: [{ type: "pointer", id: "mouse", actions }],
    });
  }

  async #send(method: string, params: object): Promise<unknown> {
    const id = ++this.#last;
    const answer = await new Promise<Omit<Answer, "id">>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
    if (answer.error) throw new Error(`${method}: ${answer.error}: ${answer.message}`);
    return answer.result;
  }
}

/** Firefox says on stderr where it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("Firefox doesn't say where it listens.")), START_MS);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Firefox ended with ${code} before it listened.`)));
    if (!child.stderr) throw new Error("Firefox has no stderr.");
    createInterface({ input: child.stderr }).on("line", (line) => {
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}
