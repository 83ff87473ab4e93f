import { assert, assertEquals } from "@std/assert";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { isSigactionIgnored, libcPaths, openSignalLibc, SIGACTION_BYTES } from "../../ffi/libc.ts";
import { opener } from "../../src/runtime/opener.ts";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { FakeOpener, reasonOf } from "../support/openers.ts";
import { findRuntime } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Every case is one program that runs twice, with exit handling and with a stand-in that does nothing, and must look the
// same from outside. The parent sends signals when the child has printed a line; nothing sleeps.

const FILE = import.meta.url;
const IS_DENO = RUNTIME === "deno";
const denoTest = testUnless(IS_DENO ? null : "only Deno has such an exit", FILE);
const signalTest = testUnless(process.platform === "win32" ? "Windows has no signals" : null, FILE);
const libc = openSignalLibc(opener, process.platform, process.arch);
const libcTest = testUnless(libc.ok ? null : `no C library: ${libc.reason}`, FILE);
const denoLibcTest = testUnless(
  !IS_DENO
    ? "only Deno has such an exit"
    : libc.ok && libc.source.startsWith("/")
    ? null
    : "no C library with a path",
  FILE,
);
const EXIT = sourceUrl("src/runtime/exit.ts");
// Under the five seconds that Bun gives a test: it would leave the child behind.
const TIMEOUT_MS = 4_500;

type Signal = "SIGTERM" | "SIGINT" | "SIGHUP" | "SIGKILL";

interface Program {
  /** Runs before exit handling is installed. */
  readonly before?: string;
  /** Runs after. */
  readonly after?: string;
  /** Signals to send, each when stdout has come to hold the text. */
  readonly send?: readonly (readonly [text: string, signal: Signal])[];
  /** Deno's flags. */
  readonly flags?: readonly string[];
  /** What the flush writes to; stdout needs no permission. */
  readonly log?: "file" | "stdout";
  /** Signals that the child is started to ignore. */
  readonly ignore?: "HUP" | "INT" | "TERM";
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `note()` wrote, as far as it was flushed. */
type Flushed = readonly string[];

const hook = (folder: string, isHooked: boolean, log: "file" | "stdout"): string => `
import { appendFileSync } from "node:fs";
${isHooked ? `import { onExit } from ${JSON.stringify(EXIT)};` : ""}
let pending = "";
export const note = (text: string) => { pending += "<" + text + ">\\n"; };
export const flush = () => {
  const text = pending;
  pending = "";
  if (text === "") return;
  ${log === "stdout" ? "console.log(text);" : `appendFileSync(${JSON.stringify(`${folder}/log`)}, text);`}
};
export const install = (f: () => void = flush): (() => void) => ${isHooked ? "onExit(f)" : "() => {}"};
export const isHooked = ${isHooked};
`;

const KEEP = `const keep = setInterval(() => {}, 1000); console.log("ready");`;

async function runOnce(program: Program, isHooked: boolean): Promise<{ end: End; flushed: Flushed }> {
  using folder = new TempDirectory();
  const log = program.log ?? "file";
  const logPath = folder.write("log", "");
  folder.write("hook.ts", hook(folder.path, isHooked, log));
  const path = folder.write(
    "program.ts",
    `import process from "node:process";
import { flush, install, isHooked, note } from "./hook.ts";
note("start");
${program.before ?? ""}
const uninstall = install();
${program.after ?? ""}
`,
  );
  const runtime = findRuntime(RUNTIME)!;
  const args = IS_DENO ? ["run", "--quiet", ...program.flags ?? ["-A"], path] : [path];
  const end = await finish(
    program.ignore === undefined ? runtime : "sh",
    program.ignore === undefined
      ? args
      : ["-c", `trap '' ${program.ignore}; exec "$0" "$@"`, runtime, ...args],
    folder.path,
    program.send ?? [],
  );
  const written = log === "file" ? readFileSync(logPath, "utf8") : end.stdout;
  return {
    end: {
      ...end,
      stdout: end.stdout.replaceAll(/<.*>\n+/g, ""),
      // Deno's own frames lie elsewhere in the same line where there is one listener more.
      stderr: end.stderr.replaceAll(folder.path, "FOLDER").replaceAll(
        /\((ext|node):(.*?)[\d:]+\)/g,
        "($1:$2)",
      ),
    },
    flushed: [...written.matchAll(/<(.*)>/g)].map(match => match[1]),
  };
}

function finish(command: string, args: string[], cwd: string, send: Program["send"] & object): Promise<End> {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  // Not child.kill(): Deno then reports the signal that was sent for the one that killed.
  const kill = (signal: Signal) => process.kill(child.pid!, signal);
  const timer = setTimeout(() => kill("SIGKILL"), TIMEOUT_MS);
  const texts = { stdout: "", stderr: "" };
  const left = [...send];
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => {
      texts[name] += text;
      while (left.length > 0 && texts.stdout.includes(left[0][0])) kill(left.shift()![1]);
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...texts });
    });
  });
}

/** What a case must come to; the program without us is asked for the rest. */
interface Expected {
  readonly code?: number;
  readonly signal?: Signal;
  /** What must be flushed, in this order; `["start"]` unless told. */
  readonly flushed?: Flushed;
  /** What the program prints, to prove that it got where the case wants it. */
  readonly stdout?: RegExp;
  readonly stderr?: RegExp;
}

async function check(program: Program, expected: Expected): Promise<void> {
  const [plain, hooked] = await Promise.all([runOnce(program, false), runOnce(program, true)]);
  assertEquals(hooked.end, plain.end, "with exit handling (actual) and without (expected)");
  assertEquals({ code: hooked.end.code, signal: hooked.end.signal }, {
    code: expected.signal === undefined ? expected.code ?? 0 : null,
    signal: expected.signal ?? null,
  });
  if (expected.stdout !== undefined) assert(expected.stdout.test(hooked.end.stdout), hooked.end.stdout);
  if (expected.stderr !== undefined) assert(expected.stderr.test(hooked.end.stderr), hooked.end.stderr);
  assertEquals(plain.flushed, []);
  assertEquals(hooked.flushed, expected.flushed ?? ["start"]);
}

interface Case {
  readonly program: Program;
  readonly expected: Expected;
  readonly denoOnly?: true;
}

const BOOM = /boom/;

const ENDS: Record<string, Case> = {
  "the end of the program": { program: { after: `note("body")` }, expected: { flushed: ["start", "body"] } },
  "the end of the program, in a timer": {
    program: { after: `setTimeout(() => note("timer"), 1)` },
    expected: { flushed: ["start", "timer"] },
  },
  "process.exit()": {
    program: { after: `note("body"); process.exit(3)` },
    expected: { code: 3, flushed: ["start", "body"] },
  },
  "process.exit() in a timer": {
    program: { after: `${KEEP} setTimeout(() => { note("timer"); process.exit(3); }, 1)` },
    expected: { code: 3, flushed: ["start", "timer"] },
  },
  "process.exit() after a synchronous loop": {
    program: { after: `for (let i = 0; i < 1000; i++) note(String(i)); process.exit(0)` },
    expected: { flushed: ["start", ...Array.from({ length: 1000 }, (_, i) => String(i))] },
  },
  "process.exitCode": {
    program: { after: `process.exitCode = 5; note("body")` },
    expected: { code: 5, flushed: ["start", "body"] },
  },
  "Deno.exit()": { program: { after: `Deno.exit(4)` }, expected: { code: 4 }, denoOnly: true },
  "Deno.exitCode": { program: { after: `Deno.exitCode = 4` }, expected: { code: 4 }, denoOnly: true },
  "an error": {
    program: { after: `note("body"); throw new Error("boom")` },
    expected: { code: 1, stderr: BOOM, flushed: ["start", "body"] },
  },
  "an error in a function": {
    program: { after: `function f() { throw new TypeError("boom"); }\nf()` },
    expected: { code: 1, stderr: BOOM },
  },
  "an error in a timer": {
    program: { after: `${KEEP} setTimeout(() => { note("timer"); throw new Error("boom"); }, 1)` },
    expected: { code: 1, stderr: BOOM, flushed: ["start", "timer"] },
  },
  "an error in a microtask": {
    program: { after: `queueMicrotask(() => { throw new Error("boom"); })` },
    expected: { code: 1, stderr: BOOM },
  },
  "an error in process.nextTick()": {
    program: { after: `process.nextTick(() => { throw new Error("boom"); })` },
    expected: { code: 1, stderr: BOOM },
  },
  "reportError()": {
    program: { after: `reportError(new Error("boom"))` },
    expected: { code: 1, stderr: BOOM },
  },
  "a thrown value that is no error": {
    program: { after: `setTimeout(() => { throw null; }, 1)` },
    expected: { code: 1 },
  },
  "an unhandled rejection": {
    program: { after: `${KEEP} Promise.reject(new Error("boom"))` },
    expected: { code: 1, stderr: BOOM },
  },
  "an unhandled rejection in a timer": {
    program: {
      after: `${KEEP} setTimeout(async () => { note("timer"); await null; throw new Error("boom"); }, 1)`,
    },
    expected: { code: 1, stderr: BOOM, flushed: ["start", "timer"] },
  },
  "a rejected top-level await": {
    program: { after: `await Promise.reject(new Error("boom"))` },
    expected: { code: 1, stderr: BOOM },
  },
};

/** What a program of the user's own does about its end. Placed before and after ours. */
const HANDLERS: Record<
  string,
  { handler: string; then?: string; expected: Expected; denoOnly?: true; lostAfter?: true }
> = {
  "an 'exit' listener that records": {
    handler: `process.on("exit", code => { note("exit " + code); console.log("exit", code); });`,
    expected: { flushed: ["start", "exit 0"], stdout: /exit 0/ },
  },
  "an 'exit' listener that records, at process.exit()": {
    handler: `process.on("exit", code => { note("exit " + code); console.log("exit", code); });`,
    then: `setTimeout(() => process.exit(3), 1);`,
    expected: { code: 3, flushed: ["start", "exit 3"], stdout: /exit 3/ },
  },
  "an 'exit' listener that sets the code": {
    handler: `process.once("exit", () => { process.exitCode = 9; });`,
    expected: { code: 9 },
  },
  "an 'exit' listener that exits": {
    handler: `process.on("exit", () => process.exit(6));`,
    then: `process.exit(2);`,
    expected: { code: 6 },
  },
  "an 'exit' listener that throws": {
    handler: `process.on("exit", () => { throw new Error("boom"); });`,
    expected: { code: 1, stderr: BOOM },
  },
  "an 'exit' listener that throws, at process.exit()": {
    handler: `process.on("exit", () => { throw new Error("boom"); });`,
    then: `process.exit(2);`,
    expected: { code: 1, stderr: BOOM },
  },
  "a 'beforeExit' listener that has more to do": {
    handler: `process.once("beforeExit", () => setTimeout(() => note("more"), 1));`,
    expected: { flushed: ["start", "more"] },
  },
  "an 'unload' listener that records": {
    handler: `addEventListener("unload", () => { note("unload"); console.log("unload"); });`,
    expected: { flushed: ["start", "unload"], stdout: /unload/ },
    denoOnly: true,
  },
  "an 'uncaughtException' listener that goes on": {
    handler:
      `process.on("uncaughtException", error => { note("caught"); console.log("caught", error.message); setTimeout(() => note("later")); });`,
    then: `setTimeout(() => { throw new Error("boom"); }, 1);`,
    expected: { flushed: ["start", "caught", "later"], stdout: /caught boom/ },
  },
  "an 'uncaughtException' listener that exits": {
    handler: `process.on("uncaughtException", () => { note("caught"); process.exit(8); });`,
    then: `${KEEP} setTimeout(() => { throw new Error("boom"); }, 1);`,
    expected: { code: 8, flushed: ["start", "caught"] },
  },
  "an 'unhandledRejection' listener that goes on": {
    handler:
      `process.on("unhandledRejection", error => { note("caught"); console.log("caught", error.message); setTimeout(() => note("later")); });`,
    then: `Promise.reject(new Error("boom"));`,
    expected: { flushed: ["start", "caught", "later"], stdout: /caught boom/ },
  },
  "an 'error' listener that records": {
    handler: `addEventListener("error", event => { note("caught"); console.log("caught", event.message); });`,
    then: `setTimeout(() => { throw new Error("boom"); }, 1);`,
    expected: { code: 1, flushed: ["start", "caught"], stdout: /caught/, stderr: BOOM },
    denoOnly: true,
    lostAfter: true,
  },
  "an 'error' listener that prevents the default": {
    handler:
      `addEventListener("error", event => { note("caught"); event.preventDefault(); setTimeout(() => note("later")); });`,
    then: `setTimeout(() => { throw new Error("boom"); }, 1);`,
    expected: { flushed: ["start", "caught", "later"] },
    denoOnly: true,
  },
  "an 'unhandledrejection' listener that prevents the default": {
    handler:
      `addEventListener("unhandledrejection", event => { note("caught"); event.preventDefault(); setTimeout(() => note("later")); });`,
    then: `Promise.reject(new Error("boom"));`,
    expected: { flushed: ["start", "caught", "later"] },
    denoOnly: true,
  },
};

for (const [what, { program, expected, denoOnly }] of Object.entries(ENDS)) {
  if (denoOnly && !IS_DENO) continue;
  test(`onExit() flushes at ${what}, and changes nothing`, () => check(program, expected));
}

for (const [what, { handler, then, expected, denoOnly, lostAfter }] of Object.entries(HANDLERS)) {
  if (denoOnly && !IS_DENO) continue;
  test(`onExit() flushes beside ${what}, added before it`, () =>
    check({ before: handler, after: then }, expected));
  test(`onExit() flushes beside ${what}, added after it`, () =>
    check(
      { after: `${handler}\n${then ?? ""}` },
      lostAfter ? { ...expected, flushed: ["start"] } : expected, // ours has run by then, and no hook comes later
    ));
}

/** Listeners to a signal of the user's own. `SIG` is the signal's name. */
const SIGNAL_HANDLERS: Record<
  string,
  { handler: string; expected: Expected | "killed"; flushed?: Flushed; again?: true; denoOnly?: true }
> = {
  "a listener that exits": {
    handler: `process.on(SIG, () => { note("got"); process.exit(7); });`,
    expected: { code: 7, flushed: ["start", "got"] },
  },
  "a listener that exits later": {
    handler:
      `process.on(SIG, async () => { await new Promise(f => setTimeout(f, 1)); note("got"); process.exit(7); });`,
    expected: { code: 7, flushed: ["start", "got"] },
  },
  "a listener that goes on": {
    handler: `process.on(SIG, () => { note("got"); console.log("got"); clearInterval(keep); });`,
    expected: { flushed: ["start", "got"], stdout: /^ready\ngot\n$/ },
  },
  "a listener in front that goes on": {
    handler: `process.prependListener(SIG, () => { note("got"); console.log("got"); clearInterval(keep); });`,
    expected: { flushed: ["start", "got"], stdout: /^ready\ngot\n$/ },
  },
  "two listeners that go on": {
    handler: `process.on(SIG, () => console.log("one"));
      process.on(SIG, () => { console.log("two"); clearInterval(keep); });`,
    expected: { stdout: /^ready\none\ntwo\n$/ },
  },
  "a listener that goes on, twice": {
    handler: `let n = 0;
      process.on(SIG, () => { console.log("got" + ++n); setTimeout(() => console.log("again"));
        if (n === 2) clearInterval(keep); });`,
    again: true,
    expected: { stdout: /^ready\ngot1\nagain\ngot2\nagain\n$/ },
  },
  "a listener for once that goes on": {
    handler: `process.once(SIG, () => { note("got"); console.log("got"); clearInterval(keep); });`,
    expected: { flushed: ["start", "got"], stdout: /^ready\ngot\n$/ },
  },
  "a listener for once, and a second signal": {
    handler:
      `process.once(SIG, () => { note("got"); setTimeout(() => { note("later"); console.log("again"); }); });`,
    again: true,
    expected: "killed",
    flushed: ["start", "got", "later"],
  },
  "a listener for once that sends it again": {
    handler: `process.once(SIG, () => { note("got"); process.kill(process.pid, SIG); });`,
    expected: "killed",
    flushed: ["start", "got"],
  },
  "a listener for once that sends it again later": {
    handler:
      `process.once(SIG, async () => { await null; setTimeout(() => { note("got"); process.kill(process.pid, SIG); }, 1); });`,
    expected: "killed",
    flushed: ["start", "got"],
  },
  "a listener that removes itself and sends it again": {
    handler: `const f = () => { note("got"); process.off(SIG, f); process.kill(process.pid, SIG); };
      process.on(SIG, f);`,
    expected: "killed",
    flushed: ["start", "got"],
  },
  "a listener that sends it again if it counts itself alone, as signal-exit does": {
    handler: `const f = () => {
        if (process.listeners(SIG).length !== 1) return;
        note("got"); process.off(SIG, f); process.kill(process.pid, SIG);
      };
      process.on(SIG, f);`,
    expected: "killed",
    flushed: ["start", "got"],
  },
  "a listener that has gone": {
    handler: `const f = () => console.log("got"); process.on(SIG, f); process.off(SIG, f);`,
    expected: "killed",
  },
  "a listener that goes before the signal": {
    handler:
      `const f = () => console.log("got"); process.on(SIG, f); setTimeout(() => { process.off(SIG, f); console.log("off"); }, 1);`,
    expected: "killed",
  },
  "Deno's listener that exits": {
    handler: `Deno.addSignalListener(SIG, () => { note("got"); Deno.exit(7); });`,
    expected: { code: 7, flushed: ["start", "got"] },
    denoOnly: true,
  },
  "Deno's listener that goes on": {
    handler: `Deno.addSignalListener(SIG, () => { note("got"); console.log("got"); clearInterval(keep); });`,
    expected: { flushed: ["start", "got"], stdout: /^ready\ngot\n$/ },
    denoOnly: true,
  },
  "Deno's listener that goes on, twice": {
    handler: `let n = 0;
      Deno.addSignalListener(SIG, () => { console.log("got" + ++n); setTimeout(() => console.log("again"));
        if (n === 2) clearInterval(keep); });`,
    again: true,
    expected: { stdout: /^ready\ngot1\nagain\ngot2\nagain\n$/ },
    denoOnly: true,
  },
  "Deno's listener that removes itself, and a second signal": {
    handler: `const f = () => { note("got"); Deno.removeSignalListener(SIG, f);
        setTimeout(() => { note("later"); console.log("again"); }); };
      Deno.addSignalListener(SIG, f);`,
    again: true,
    expected: "killed",
    flushed: ["start", "got", "later"],
    denoOnly: true,
  },
  "Deno's listener that removes itself and sends it again": {
    handler: `const f = () => { note("got"); Deno.removeSignalListener(SIG, f); Deno.kill(Deno.pid, SIG); };
      Deno.addSignalListener(SIG, f);`,
    expected: "killed",
    flushed: ["start", "got"],
    denoOnly: true,
  },
  "Deno's listener that goes before the signal": {
    handler: `const f = () => console.log("got"); Deno.addSignalListener(SIG, f);
      setTimeout(() => { Deno.removeSignalListener(SIG, f); console.log("off"); }, 1);`,
    expected: "killed",
    denoOnly: true,
  },
};

// One program is enough where the signals do not differ.
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
const ON_EACH = new Set(["a listener that goes on", "a listener for once, and a second signal"]);

for (const signal of SIGNALS) {
  signalTest(
    `onExit() flushes before ${signal} kills`,
    () =>
      check({ after: `${KEEP} note("body")`, send: [["ready", signal]] }, {
        signal,
        flushed: ["start", "body"],
      }),
  );
  for (
    const [what, { handler, expected, flushed, again, denoOnly }] of Object.entries(SIGNAL_HANDLERS)
  ) {
    if ((denoOnly && !IS_DENO) || (signal !== "SIGTERM" && !ON_EACH.has(what))) continue;
    const code = handler.replaceAll("SIG", JSON.stringify(signal));
    const sent: Program["send"] = [
      [handler.includes(`"off"`) ? "off" : "ready", signal],
      ...again ? [["again", signal] as const] : [],
    ];
    const end = expected === "killed" ? { signal, flushed } : expected;
    const keep = KEEP.replace("const ", "");
    signalTest(
      `onExit() leaves ${signal} to ${what}, added before it`,
      () => check({ before: `let keep; ${code}`, after: keep, send: sent }, end),
    );
    signalTest(
      `onExit() leaves ${signal} to ${what}, added after it`,
      () => check({ after: `let keep; ${code}\n${keep}`, send: sent }, end),
    );
  }
}

const SELF: Record<string, Case> = {
  "process.kill() as the last thing": {
    program: { after: `note("body"); process.kill(process.pid, "SIGTERM");` },
    expected: { signal: "SIGTERM", flushed: ["start", "body"] },
  },
  "process.kill() without a name": {
    program: { after: `process.kill(process.pid);` },
    expected: { signal: "SIGTERM" },
  },
  "process.kill() by number": {
    program: { after: `process.kill(process.pid, 2);` },
    expected: { signal: "SIGINT" },
  },
  "process.kill() in a timer": {
    program: { after: `${KEEP} setTimeout(() => process.kill(process.pid, "SIGHUP"), 1);` },
    expected: { signal: "SIGHUP" },
  },
  "Deno.kill()": {
    program: { after: `Deno.kill(Deno.pid, "SIGINT");` },
    expected: { signal: "SIGINT" },
    denoOnly: true,
  },
  "Deno.kill() without a name": {
    program: { after: `Deno.kill(Deno.pid);` },
    expected: { signal: "SIGTERM" },
    denoOnly: true,
  },
};

for (const [what, { program, expected, denoOnly }] of Object.entries(SELF)) {
  if (denoOnly && !IS_DENO) continue;
  signalTest(`onExit() flushes before a program ends itself by ${what}`, () => check(program, expected));
}

signalTest("onExit() lets a program send itself a signal that it listens to", () =>
  check({
    after: `${KEEP} process.on("SIGTERM", () => { note("got"); console.log("got"); clearInterval(keep); });
      const start = performance.now();
      console.log(process.kill(process.pid, "SIGTERM"), process.kill(process.pid, 0));
      console.log(performance.now() - start < 900); // it does not wait for an end that will not come`,
  }, { flushed: ["start", "got"], stdout: /^ready\ntrue true\ntrue\ngot\n$/ }));

signalTest("onExit() leaves other signals, processes and mistakes to process.kill()", () =>
  check({
    after: `
      for (const args of [[process.pid, "SIGNOPE"], ["x", "SIGTERM"], [2 ** 30, "SIGTERM"], []]) {
        try { process.kill(...args); } catch (error) { console.log(error.name, error.code, error.message); }
      }
      process.on("SIGUSR2", () => { console.log("got"); clearInterval(keep); });
      const keep = setInterval(() => {}, 1000);
      process.kill(process.pid, "SIGUSR2");`,
  }, { stdout: /SIGNOPE[^]*got\n$/ }));

signalTest(
  "SIGKILL kills, and nothing is flushed",
  () => check({ after: KEEP, send: [["ready", "SIGKILL"]] }, { signal: "SIGKILL", flushed: [] }),
);

for (const [ignore, signal] of [["HUP", "SIGHUP"], ["INT", "SIGINT"]] as const) {
  libcTest(`onExit() leaves ${signal} ignored if the process was started so`, () =>
    check({
      ignore,
      after: `${KEEP} setTimeout(() => console.log("alive"), 1);`,
      send: [["ready", signal], ["alive", signal], ["alive", "SIGTERM"]],
      // In Deno nothing is flushed, as a listener to SIGTERM would take the others along.
    }, { signal: "SIGTERM", flushed: IS_DENO ? [] : ["start"] }));
}

// The program's own listener has undone the ignoring, so that the signal kills.
libcTest("onExit() still leaves what was ignored alone when it is installed a second time", () =>
  check({
    ignore: "HUP",
    after: `uninstall(); process.on("SIGHUP", () => {}).removeAllListeners("SIGHUP"); install(); ${KEEP}`,
    send: [["ready", "SIGHUP"]],
  }, { signal: "SIGHUP", flushed: [] }));

// --- Deno's permissions

const NONE = ["--no-prompt"];

for (const [what, { program, expected }] of Object.entries(ENDS)) {
  denoTest(
    `onExit() without permissions flushes at ${what}`,
    () => check({ ...program, flags: NONE, log: "stdout" }, expected),
  );
}

for (const signal of SIGNALS) {
  denoTest(`onExit() without FFI and a terminal leaves ${signal} alone: it may be ignored`, async () => {
    await check({ after: KEEP, flags: NONE, log: "stdout", send: [["ready", signal]] }, {
      signal,
      flushed: [],
    });
    // The signal that Deno would take along with the others.
    await check({
      ignore: "HUP",
      after: `${KEEP} setTimeout(() => console.log("alive"), 1);`,
      flags: NONE,
      log: "stdout",
      send: [["ready", "SIGHUP"], ["alive", signal], ["alive", "SIGTERM"]],
    }, { signal: signal === "SIGINT" ? "SIGINT" : "SIGTERM", flushed: [] });
  });
}

denoTest("onExit() without permissions leaves SIGTERM to the program's listeners", async () => {
  const { handler } = SIGNAL_HANDLERS["a listener for once that goes on"];
  const code = handler.replaceAll("SIG", `"SIGTERM"`);
  await check({
    after: `let keep; ${code}\n${KEEP.replace("const ", "")}`,
    flags: NONE,
    log: "stdout",
    send: [["ready", "SIGTERM"]],
  }, {
    flushed: ["start", "got"],
  });
});

denoTest("onExit() without permissions never prompts", async () => {
  const { end, flushed } = await runOnce({ flags: [], log: "stdout" }, true);
  assertEquals([end.code, end.stderr, flushed], [0, "", ["start"]]);
});

for (const signal of SIGNALS) {
  denoLibcTest(`onExit() with FFI for libc alone flushes before ${signal} kills`, () => {
    const path = libc.ok ? libc.source : "";
    const at = libcPaths(process.platform, process.arch);
    const flags = [...NONE, `--allow-ffi=${at.slice(0, at.indexOf(path) + 1).join(",")}`];
    return check({ after: KEEP, flags, log: "stdout", send: [["ready", signal]] }, { signal });
  });
}

// --- Installing and uninstalling

const STATE = `
  const state = () => JSON.stringify([
    ["exit", "beforeExit", "newListener", "uncaughtException", "uncaughtExceptionMonitor", "unhandledRejection",
      "SIGINT", "SIGTERM", "SIGHUP"].map(name => process.listenerCount(name)),
    process.kill === kill, globalThis.Deno?.kill === denoKill, globalThis.Deno?.removeSignalListener === remove,
    process.getMaxListeners(),
  ]);
  const { kill } = process;
  const { kill: denoKill, removeSignalListener: remove } = globalThis.Deno ?? {};
  const before = state();`;

test("The function that onExit() returns restores everything, once", () =>
  check({
    before: STATE,
    after:
      `uninstall(); uninstall(); await null; console.log(state() === before ? "same" : before + state());`,
  }, { flushed: [], stdout: /^same\n$/ }));

test("The function that onExit() returns restores everything with an 'exit' listener of the user's own", () =>
  check({
    before: STATE,
    after: `process.on("exit", f); uninstall(); await null; process.off("exit", f); await null;
      function f() {}
      console.log(state() === before ? "same" : before + state());`,
  }, { flushed: [], stdout: /^same\n$/ }));

for (const signal of SIGNALS) {
  signalTest(
    `After the function that onExit() returns, ${signal} kills and nothing is flushed`,
    () => check({ after: `uninstall(); ${KEEP}`, send: [["ready", signal]] }, { signal, flushed: [] }),
  );
}

test("After the function that onExit() returns, an error ends the program and nothing is flushed", () =>
  check({ after: `uninstall(); throw new Error("boom")` }, { code: 1, flushed: [], stderr: BOOM }));

signalTest("onExit() installed twice flushes both, and each is taken back alone", async () => {
  const second = `const second = install(() => note("second"));`;
  await check({ before: second, after: KEEP, send: [["ready", "SIGTERM"]] }, {
    signal: "SIGTERM",
    flushed: ["start", "second"],
  });
  await check({ before: second, after: `second(); second(); ${KEEP}`, send: [["ready", "SIGTERM"]] }, {
    signal: "SIGTERM",
  });
  await check({ before: second, after: `uninstall(); second(); ${KEEP}`, send: [["ready", "SIGTERM"]] }, {
    signal: "SIGTERM",
    flushed: [],
  });
});

signalTest(
  "onExit() can be installed again",
  () =>
    check({ after: `uninstall(); install(); ${KEEP}`, send: [["ready", "SIGTERM"]] }, { signal: "SIGTERM" }),
);

signalTest("Two copies of the module do not wait for each other", () =>
  check({
    before: `const copy = await import(${JSON.stringify(`${EXIT}?copy`)});
      if (isHooked) copy.onExit(() => note("copy"));`,
    after: KEEP,
    send: [["ready", "SIGTERM"]],
  }, { signal: "SIGTERM", flushed: ["start", "copy"] }));

signalTest("A flush that throws changes nothing, and does not keep the others from theirs", async () => {
  const before = `install(() => { throw new Error("flush"); });`;
  await check({ before, after: KEEP, send: [["ready", "SIGTERM"]] }, { signal: "SIGTERM" });
  await check({ before, after: `process.exit(3)` }, { code: 3 });
  await check({ before, after: `throw new Error("boom")` }, { code: 1, stderr: BOOM });
});

test("onExit() adds no warning about too many listeners", () =>
  check({ after: `for (let i = 0; i < 10; i++) process.on("exit", () => {});` }, {}));

test("onExit() in a worker throws nothing, takes no signal, and lets the worker end", () =>
  check({
    before: `
      let taken = 0;
      const count = (owner, name) => {
        const original = owner?.[name];
        if (original === undefined) return;
        owner[name] = function (what, ...rest) {
          if (String(what).startsWith("SIG")) taken++;
          return original.call(this, what, ...rest);
        };
      };
      for (const name of ["on", "prependListener"]) count(process, name);
      count(globalThis.Deno, "addSignalListener");`,
    after: `
      const isInside = "WorkerGlobalScope" in globalThis || globalThis.Bun?.isMainThread === false;
      if (isInside) {
        postMessage(taken === 0);
        uninstall();
      } else {
        console.log(isHooked === taken > 0);
        const worker = new Worker(import.meta.url, { type: "module" });
        worker.onmessage = event => { console.log(event.data); worker.terminate(); };
      }`,
  }, { stdout: /^true\ntrue\n$/ }));

// --- The C library

test("openSignalLibc() opens the first place that has sigaction", () => {
  const [first, second] = libcPaths("linux", "x64");
  const probe = openSignalLibc(
    new FakeOpener({ [first]: {}, [second]: { sigaction: () => 0 } }),
    "linux",
    "x64",
  );
  assertEquals(probe.ok && probe.source, second);
  assert(reasonOf(openSignalLibc(new FakeOpener({}), "win32", "x64")).includes("win32"));
});

test("isSigactionIgnored() knows SIG_IGN from SIG_DFL and from a handler", () => {
  const words = new Uint32Array(new ArrayBuffer(SIGACTION_BYTES));
  assertEquals(isSigactionIgnored(words), false);
  words[0] = 1;
  assertEquals(isSigactionIgnored(words), true);
  words[1] = 1; // a handler whose address happens to end so
  assertEquals(isSigactionIgnored(words), false);
});
