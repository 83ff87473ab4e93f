/**
 * Debian's Chromium without a window, spoken to over the DevTools protocol: pages are loaded, asked, clicked and
 * photographed as a reader would. Nothing leaves the machine.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { after } from "node:test";
import { missingProgram } from "./conditions.ts";
import { TempDirectory } from "./temp_directory.ts";

const EXECUTABLE = "/usr/bin/chromium";

/** Why there is no Chromium here, for `testUnless`; null if there is one. */
export const NO_CHROMIUM: string | null = missingProgram(EXECUTABLE, "chromium");

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-extensions",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
  "--remote-debugging-port=0",
];

type Params = Record<string, unknown>;
type Listener = (params: Params) => void;

/** A running Chromium. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: TempDirectory;
  readonly #socket: WebSocket;
  readonly #exited: Promise<void>;
  readonly #kill = (): void => void this.#child.kill("SIGKILL");
  readonly #waiting = new Map<number, { method: string; settle: (answer: Params | Error) => void }>();
  readonly #listeners = new Map<string, (method: string, params: Params) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess, profile: TempDirectory, socket: WebSocket, exited: Promise<void>) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    this.#exited = exited;
    process.on("exit", this.#kill); // a failed test run must not leave a browser behind
    socket.addEventListener("message", event => this.#receive(JSON.parse(String(event.data))));
    socket.addEventListener("close", () => this.#fail(new Error("Chromium closed the connection")));
  }

  /** Starts one with an empty profile. */
  static async start(): Promise<Chromium> {
    const profile = new TempDirectory();
    const child = spawn(EXECUTABLE, [...FLAGS, `--user-data-dir=${profile.path}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      // Without a bus of its own Chromium asks D-Bus, and complains.
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: "disabled:", HOME: profile.path },
    });
    const exited = new Promise<void>(resolve => void child.on("exit", () => resolve()));
    try {
      const socket = new WebSocket(await endpointOf(child));
      await new Promise<void>((resolve, reject) => {
        socket.addEventListener("open", () => resolve());
        socket.addEventListener("error", () => reject(new Error("Chromium takes no connection")));
      });
      return new Chromium(child, profile, socket, exited);
    } catch (error) {
      child.kill("SIGKILL");
      await exited;
      profile[Symbol.dispose]();
      throw error;
    }
  }

  /** Calls a method of the protocol; fails with its error. */
  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const settle = (answer: Params | Error) => answer instanceof Error ? reject(answer) : resolve(answer);
      this.#waiting.set(id, { method, settle });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    });
  }

  /**
   * Opens a page and waits until it has loaded.
   * @param url `file:` or `http:` on loopback; nothing else is reached.
   */
  async open(
    url: string,
    size: { width: number; height: number } = { width: 1200, height: 800 },
  ): Promise<Page> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, String(targetId), String(sessionId));
    this.#listeners.set(String(sessionId), (method, params) => page.receive(method, params));
    for (const domain of ["Page", "Runtime", "Network", "Log"]) await page.send(`${domain}.enable`);
    await page.resize(size.width, size.height);
    await page.load(url);
    return page;
  }

  /** Ends it, and removes its profile. */
  async close(): Promise<void> {
    await this.send("Browser.close").catch(() => {}); // it may hang up before it answers
    const giveUp = setTimeout(this.#kill, 5000);
    await this.#exited;
    clearTimeout(giveUp);
    process.off("exit", this.#kill);
    this.#socket.close();
    this.#profile[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(
    message: {
      id?: number;
      sessionId?: string;
      method?: string;
      params?: Params;
      result?: Params;
      error?: { message: string };
    },
  ): void {
    if (message.id === undefined) {
      this.#listeners.get(message.sessionId ?? "")?.(message.method ?? "", message.params ?? {});
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    waiting?.settle(
      message.error === undefined
        ? message.result ?? {}
        : new Error(`${waiting.method}: ${message.error.message}`),
    );
  }

  #fail(error: Error): void {
    for (const { settle } of this.#waiting.values()) settle(error);
    this.#waiting.clear();
  }
}

/** One browser for all tests of a file, started by the first that asks and closed after the last. */
export function sharedChromium(): () => Promise<Chromium> {
  let started: Promise<Chromium> | undefined;
  after(async () => await (await started)?.close());
  return () => started ??= Chromium.start();
}

/** Where the DevTools listen, as Chromium says on stderr. */
function endpointOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stderr!.setEncoding("utf8");
    child.stderr!.on("data", (chunk: string) => { // goes on to be read, or Chromium would wait
      text += chunk;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found !== null) resolve(found[1]);
    });
    child.on("error", reject);
    child.on("exit", code => reject(new Error(`Chromium ended with ${code}:\n${text}`)));
  });
}

/** The names and roles of an accessibility tree. */
function named(tree: Params): string[] {
  const { nodes } = tree as {
    nodes: { ignored: boolean; role?: { value: string }; name?: { value: string } }[];
  };
  return nodes.filter(node => !node.ignored)
    .map(node => `${node.role?.value ?? ""} ${JSON.stringify(node.name?.value ?? "")}`);
}

/** One page (tab) of a {@link Chromium}. */
export class Page {
  /** What went wrong in the page: uncaught exceptions, `console.error`, and what the browser itself complained of. */
  readonly errors: string[] = [];
  /** The URLs the page asked for, its own first. */
  readonly requests: string[] = [];
  readonly #browser: Chromium;
  readonly #targetId: string;
  readonly #sessionId: string;
  readonly #once = new Map<string, Listener>();

  constructor(browser: Chromium, targetId: string, sessionId: string) {
    this.#browser = browser;
    this.#targetId = targetId;
    this.#sessionId = sessionId;
  }

  /** Calls a method of the protocol on this page. */
  send(method: string, params: Params = {}): Promise<Params> {
    return this.#browser.send(method, params, this.#sessionId);
  }

  /** Goes to another address and waits until it has loaded. */
  async load(url: string): Promise<void> {
    const loaded = new Promise<void>(resolve => void this.#once.set("Page.loadEventFired", () => resolve()));
    const { errorText } = await this.send("Page.navigate", { url });
    if (errorText !== undefined) throw new Error(`Cannot open ${url}: ${errorText}`);
    await loaded;
  }

  /** What an expression is worth in the page, awaited if it is a promise; must be something JSON can say. */
  async evaluate<T = unknown>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { text: string; exception?: { description?: string } } };
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  /** Waits until an expression is true in the page; it is looked at before each frame. */
  async until(expression: string, timeoutMs = 20_000): Promise<void> {
    const isTrue = await this.evaluate<boolean>(`new Promise((resolve, reject) => {
      const end = performance.now() + ${timeoutMs};
      const look = () => {
        try {
          if (${expression}) resolve(true);
          else if (performance.now() > end) resolve(false);
          else requestAnimationFrame(look);
        } catch (error) { reject(error); }
      };
      look();
    })`);
    if (!isTrue) throw new Error(`Waited ${timeoutMs} ms in vain for ${expression}`);
  }

  /** Clicks into the middle of what a selector finds first, or of what an expression gives. */
  async click(target: string, count = 1): Promise<void> {
    const { x, y } = await this.#middleOf(target);
    for (const type of ["mousePressed", "mouseReleased"]) {
      await this.send("Input.dispatchMouseEvent", { type, x, y, button: "left", clickCount: count });
    }
  }

  /** Moves the mouse there. */
  async hover(target: string): Promise<void> {
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", ...(await this.#middleOf(target)) });
  }

  /** Presses keys one after the other: `"ArrowDown"`, `"Enter"`, `"Escape"`, `"Tab"`, `"Shift+Tab"`, `"a"`. */
  async press(...keys: string[]): Promise<void> {
    for (const name of keys) {
      const modifiers = name.startsWith("Shift+") ? 8 : 0;
      const key = name.replace(/^Shift\+/, "");
      const code = KEY_CODES[key] ?? key.toUpperCase().charCodeAt(0);
      const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
      const event = { key, code: key, windowsVirtualKeyCode: code, modifiers };
      await this.send("Input.dispatchKeyEvent", {
        type: text === undefined ? "rawKeyDown" : "keyDown",
        text,
        ...event,
      });
      await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    }
  }

  /** Types text where the focus is. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Sets the size of the window's inside. */
  async resize(width: number, height: number): Promise<void> {
    await this.send("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: false,
    });
  }

  /** Sets what `prefers-color-scheme` answers. */
  async prefer(scheme: "light" | "dark"): Promise<void> {
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
  }

  /** Writes what is to be seen as a PNG. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    writeFileSync(path, Buffer.from(String(data), "base64"));
  }

  /** The names and roles of the accessibility tree, as a screen reader has them: `role "name"`. */
  async accessible(): Promise<string[]> {
    return named(await this.send("Accessibility.getFullAXTree"));
  }

  /** The same of every frame in the page, also of those that the browser keeps in processes of their own. */
  async framed(): Promise<string[]> {
    const { frameTree } = await this.send("Page.getFrameTree") as {
      frameTree: { childFrames?: { frame: { id: string } }[] };
    };
    const { targetInfos } = await this.#browser.send("Target.getTargets") as {
      targetInfos: { type: string; targetId: string }[];
    };
    const apart = targetInfos.filter(target => target.type === "iframe");
    const found: string[] = [];
    for (const { frame } of frameTree.childFrames ?? []) {
      found.push(...named(await this.send("Accessibility.getFullAXTree", { frameId: frame.id })));
    }
    for (const { targetId } of apart) {
      const { sessionId } = await this.#browser.send("Target.attachToTarget", { targetId, flatten: true });
      found.push(...named(await this.#browser.send("Accessibility.getFullAXTree", {}, String(sessionId))));
    }
    return found;
  }

  /** Closes the page. */
  async close(): Promise<void> {
    await this.#browser.send("Target.closeTarget", { targetId: this.#targetId });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Takes an event of the protocol. */
  receive(method: string, params: Params): void {
    if (method === "Runtime.exceptionThrown") {
      const { text, exception } = params.exceptionDetails as {
        text: string;
        exception?: { description?: string };
      };
      this.errors.push(exception?.description ?? text);
    } else if (method === "Runtime.consoleAPICalled" && params.type === "error") {
      const args = params.args as { value?: unknown; description?: string }[];
      this.errors.push(args.map(arg => String(arg.value ?? arg.description)).join(" "));
    } else if (method === "Log.entryAdded") {
      const { level, text } = params.entry as { level: string; text: string };
      if (level === "error") this.errors.push(text);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params.request as { url: string }).url);
    }
    this.#once.get(method)?.(params);
    this.#once.delete(method);
  }

  async #middleOf(target: string): Promise<{ x: number; y: number }> {
    const isExpression = /[()]/.test(target) && !/^[.#[]/.test(target);
    const element = isExpression ? target : `document.querySelector(${JSON.stringify(target)})`;
    // Where it comes to rest: what is drawn anew, or moves after the page has loaded, is not where it was a moment ago.
    return await this.evaluate(`(async () => {
      const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
      let last = "";
      for (let still = 0; still < 3;) {
        const element = ${element};
        if (!element) throw new Error("There is no " + ${JSON.stringify(target)});
        element.scrollIntoView({ block: "nearest", inline: "nearest" });
        const { left, top, width, height } = element.getBoundingClientRect();
        const now = [left + width / 2, top + height / 2].join();
        still = now === last ? still + 1 : 0;
        last = now;
        await frame();
      }
      const [x, y] = last.split(",").map(Number);
      return { x, y };
    })()`);
  }
}

const KEY_CODES: Record<string, number> = {
  Backspace: 8,
  Tab: 9,
  Enter: 13,
  Escape: 27,
  " ": 32,
  PageUp: 33,
  PageDown: 34,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
};
