/**
 * Child processes of Deno and Bun: tests that are about flags, imports and several copies need a process of their own. They lie in
 * tests/programs; no other test imports this file.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import process from "node:process";
import { findBinary } from "../../tools/install.mjs";
import { RUNTIME } from "./conditions.ts";

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
