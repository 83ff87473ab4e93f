/**
 * The environment variables that the package reads, each only where it may, and what they stand for. They are the Python
 * package's, with its meanings.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { ATTR_TEXT_BYTES, cutText } from "../data/text_limits.ts";
import { DEFAULT_JOURNAL_DIRECTORY } from "../journal/format.ts";
import { node } from "../runtime/builtins.ts";
import { isVariableReadable } from "../runtime/permissions.ts";
import { deno } from "../runtime/which.ts";
import { DEFAULT_SPOOL_DIRECTORY } from "../spool/format.ts";
import { type CheckedOptions, MAX_FLUSH_INTERVAL_MS, MIN_FLUSH_INTERVAL_MS } from "./options.ts";

/** What identifies a run on a platform, and the variable of each. */
const PLATFORM_IDS: readonly (readonly [name: string, variable: string])[] = [
  ["run_id", "CIRRON_RUN_ID"],
  ["pipeline_id", "CIRRON_PIPELINE_ID"],
  ["deployment_id", "CIRRON_DEPLOYMENT_ID"],
  ["workspace_id", "CIRRON_WORKSPACE_ID"],
];

/** Every variable that is read, but for those about colours. */
export const VARIABLES: readonly string[] = [
  ...PLATFORM_IDS.map(([, variable]) => variable),
  "RANK",
  "LOCAL_RANK",
  "CIRRON_OUTPUT_DIR",
  "CIRRON_RECORD",
  "CIRRON_FLUSH_INTERVAL",
  "CIRRON_SPOOL_MAX_BYTES",
  "CIRRON_JOURNAL_MAX_BYTES",
  "TRACEPARENT",
];

/** The variable by which who starts a program has it record: see {@link recordedOutput}. */
export const RECORD_VARIABLE = "CIRRON_RECORD";

/** What it may say. */
const RECORD_VALUES = ["journal", "spool"] as const;

/** The ids of the run that are set, as `{ run_id: "r1" }`. */
export function platformContext(): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const [name, variable] of PLATFORM_IDS) {
    const id = readVariable(variable);
    if (id !== undefined) ids[name] = cutText(id, ATTR_TEXT_BYTES);
  }
  return ids;
}

/** The rank among the processes of a job, as torchrun and its peers set it; 0 without one. */
export function rank(): number {
  const given = readVariable("RANK") ?? readVariable("LOCAL_RANK") ?? "";
  const value = /^\s*[+-]?\d+\s*$/.test(given) ? Number(given) : 0;
  return Number.isSafeInteger(value) ? value : 0;
}

/** Where the package's folders lie if nobody says otherwise: in `CIRRON_OUTPUT_DIR`, or in `.cirron`. */
export function outputDirectory(): string {
  return readVariable("CIRRON_OUTPUT_DIR") ?? ".cirron";
}

/**
 * What `CIRRON_RECORD` says, where somebody set it who has started the program, as `cirron run` does: the output of a session whose
 * program names none, and that the first scope begins a session if the program does not. Undefined if nobody has.
 */
export function recordedOutput(): (typeof RECORD_VALUES)[number] | undefined {
  const given = readVariable(RECORD_VARIABLE);
  return RECORD_VALUES.find(value => value === given);
}

/** Where a spool lies if nobody says otherwise: in the directory `spool` of `CIRRON_OUTPUT_DIR`, or of `.cirron`. */
export function defaultSpoolDirectory(): string {
  const parent = readVariable("CIRRON_OUTPUT_DIR");
  return parent === undefined ? DEFAULT_SPOOL_DIRECTORY : node.path.join(parent, "spool");
}

/** Where a journal lies likewise: in the directory `journal`. */
export function defaultJournalDirectory(): string {
  const parent = readVariable("CIRRON_OUTPUT_DIR");
  return parent === undefined ? DEFAULT_JOURNAL_DIRECTORY : node.path.join(parent, "journal");
}

/** What the process was started in, as its parent's `traceparent`; undefined if nobody says. */
export function environmentContext(): string | undefined {
  return readVariable("TRACEPARENT");
}

/**
 * `options`, and for the sinks those of the environment where they leave some out.
 * @param warn Told of a variable that is no such value; it counts as not set.
 */
export function withEnvironment(options: CheckedOptions, warn: (message: string) => void): CheckedOptions {
  return {
    ...options,
    spoolMaxBytes: options.spoolMaxBytes ?? maxBytes("CIRRON_SPOOL_MAX_BYTES", warn),
    journalMaxBytes: options.journalMaxBytes ?? maxBytes("CIRRON_JOURNAL_MAX_BYTES", warn),
    flushIntervalMs: options.flushIntervalMs ?? flushIntervalMs(warn),
  };
}

function maxBytes(variable: string, warn: (message: string) => void): number | undefined {
  const given = readVariable(variable);
  if (given === undefined || /^\s*\+?\d+\s*$/.test(given)) {
    return given === undefined
      ? undefined
      : Number(given);
  }
  warn(`${variable} must be a whole number from 0 on, got ${quote(given)}; it is ignored`);
  return undefined;
}

function flushIntervalMs(warn: (message: string) => void): number | undefined {
  const given = readVariable("CIRRON_FLUSH_INTERVAL");
  if (given === undefined) return undefined;
  const ms = given.trim() === "" ? NaN : Number(given) * 1000;
  if (ms >= MIN_FLUSH_INTERVAL_MS && ms <= MAX_FLUSH_INTERVAL_MS) return ms;
  const bounds = `${MIN_FLUSH_INTERVAL_MS / 1000} to ${MAX_FLUSH_INTERVAL_MS / 1000}`;
  warn(
    `CIRRON_FLUSH_INTERVAL must be a number of seconds from ${bounds}, got ${quote(given)}; it is ignored`,
  );
  return undefined;
}

interface DenoEnvironment {
  readonly env: { get(name: string): string | undefined };
}

/** A variable's value; undefined if it is not set, empty, or not to be read. */
export function readVariable(variable: string): string | undefined {
  if (!isVariableReadable(variable)) return undefined;
  // Deno's own way first: `node:process` would cost the first scope of a program 12 ms. Not in a worker, which may have been given an
  // environment of its own.
  const { env } = ("postMessage" in globalThis ? null : deno<DenoEnvironment>()) ?? {};
  return (env === undefined ? node.process.env[variable] : env.get(variable)) || undefined;
}
