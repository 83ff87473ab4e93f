/**
 * Child processes of Deno and Bun: tests that are about flags, imports and several copies need a process of their own.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findBinary } from "../../tools/install.mjs";

/** The checkout, as a path without a slash at the end. */
export const CHECKOUT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** Which of the two runtimes runs this test. */
export const RUNTIME: "deno" | "bun" = process.versions.bun === undefined ? "deno" : "bun";

/** Where the executable of a runtime lies: this process's own, the checkout's, or one on the PATH. */
export function findRuntime(name: "deno" | "bun"): string | null {
  // Deno's node:child_process takes its own path for node's, and the arguments for node's too: it would run the child
  // with every permission. The same path written otherwise is left alone.
  if (name === RUNTIME) return join(process.execPath, "..") + "/./" + basename(process.execPath);
  const pinned = findBinary(name);
  if (pinned !== null) return pinned;
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map(folder => join(folder, name)).find(path => existsSync(path));
  return found === undefined ? null : realpathSync(found);
}

/**
 * Why a program that Debian packages is not here, for `testUnless`; null if it is. With `CIRRON_REQUIRE_BROWSER=1` always null:
 * where the program must be there, tests that miss it fail.
 */
export function missingProgram(path: string, debianPackage: string): string | null {
  if (process.env.CIRRON_REQUIRE_BROWSER === "1" || existsSync(path)) return null;
  return `there is no ${path} (apt-get install ${debianPackage})`;
}

/** `test`, or a `test.skip` that prints a line with the reason for each test, where `missing` says what is not there. */
export function testUnless(missing: string | null, file: string): typeof test {
  if (missing === null) return test;
  const skip = (...args: Parameters<typeof test.skip>): unknown => {
    // Neither runtime has a place for a reason: `tools/test.ts` reads these lines.
    console.log(`${file}: skipping "${args[0]}": ${missing}`);
    return test.skip(...args);
  };
  return skip as typeof test;
}

/** What a child process left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a child process is run. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What stdin holds; closed at once without it. */
  readonly input?: string;
  /** What to end the child at, once stdout has it. */
  readonly stopAt?: string;
  /** When to give up on a child that hangs; not a measure of anything. */
  readonly timeoutMs?: number;
}

// Generous: a first run fetches npm packages.
const TIMEOUT_MS = 120_000;

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const plain = { NO_COLOR: "1", FORCE_COLOR: undefined };
  const env: Record<string, string | undefined> = { ...process.env, ...plain, ...options.env };
  for (const name of Object.keys(env)) {
    if (env[name] === undefined) delete env[name];
  }
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: env as Record<string, string>,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  if (options.input !== undefined) child.stdin!.end(options.input);
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8");
    child[name]!.on("data", (text: string) => {
      texts[name] += text;
    });
  }
  const { stopAt } = options;
  if (stopAt !== undefined) {
    child.stdout!.on("data", () => {
      if (texts.stdout.includes(stopAt)) child.kill("SIGKILL");
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", code => resolve({ code, ...texts }));
  });
}

/** The JSON that a child printed; fails with everything it said if it did not end well. */
export function said<T>(outcome: Outcome): T {
  if (outcome.code !== 0) {
    throw new Error(`The child ended with ${outcome.code}:\n${outcome.stdout}\n${outcome.stderr}`);
  }
  return JSON.parse(outcome.stdout) as T;
}

/** An empty directory outside the checkout, removed when disposed of. */
export class TempDirectory {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), "cirron-test-")));

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
