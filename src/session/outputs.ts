/**
 * Opens what `output` names, and puts together what the sinks say of themselves.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import type { Health, JournalHealth, SpoolHealth } from "../data/health.ts";
import { randomHex } from "../data/ids.ts";
import type { JsonValue } from "../data/values.ts";
import { VERSION } from "../data/version.ts";
import { announceRun, type ProcessRun, runName, runOfProcess } from "../journal/process_run.ts";
import type { Clock } from "../meters/clock.ts";
import { node } from "../runtime/builtins.ts";
import { isWritable } from "../runtime/permissions.ts";
import { threadId, threadName } from "../runtime/thread.ts";
import { DEFAULT_JOURNAL_MAX_BYTES, JournalSink } from "../sinks/journal.ts";
import { logSink, stdoutSink } from "../sinks/log.ts";
import type { AnySink } from "../sinks/sink.ts";
import { DEFAULT_SPOOL_MAX_BYTES, SpoolSink } from "../sinks/spool.ts";
import { defaultJournalDirectory, defaultSpoolDirectory } from "./environment.ts";
import type { CheckedOptions, Output } from "./options.ts";
import { runtimeAttrs } from "./session_attrs.ts";

/** What sinks need from above. */
export interface OutputHost {
  readonly clock: Clock;
  readonly print: (text: string) => void;
  readonly warn: (message: string) => void;
  /** Whether this is no main thread. */
  readonly isWorker: () => boolean;
}

/** An output that is open. */
export interface OpenOutput {
  /** The name it was asked for by; null for a sink of the user's own. */
  readonly name: Exclude<Output, object> | null;
  readonly sink: AnySink;
  /** The run of the process's main thread, where this is another thread that has joined it. */
  readonly joined?: ProcessRun;
}

/** Opens the sinks, in their order. One that the runtime does not permit is left out: then the trace stays in memory. */
export function openOutputs(
  outputs: readonly Exclude<Output, "none">[],
  options: CheckedOptions,
  host: OutputHost,
): OpenOutput[] {
  const opened: OpenOutput[] = [];
  for (const output of outputs) {
    const one = typeof output === "object"
      ? { name: null, sink: output }
      : openNamed(output, options, host);
    if (one !== null) opened.push(one);
  }
  return opened;
}

function openNamed(
  name: Exclude<Output, "none" | object>,
  options: CheckedOptions,
  host: OutputHost,
): OpenOutput | null {
  switch (name) {
    case "stdout":
      return { name, sink: stdoutSink(host.print) };
    case "log":
      return { name, sink: logSink(options.logger ?? { info: line => console.info(line) }) };
    case "spool":
      return openSpool(options, host);
    case "journal":
      return openJournal(options, host);
  }
}

function openSpool(
  { outputDir, spoolMaxBytes }: CheckedOptions,
  { clock, warn }: OutputHost,
): OpenOutput | null {
  const directory = absolutePath(outputDir ?? defaultSpoolDirectory());
  if (!mayWrite("spool", directory, warn)) return null;
  const { unixNs, nowNs } = clock;
  const sink = new SpoolSink({
    directory,
    maxBytes: spoolMaxBytes ?? DEFAULT_SPOOL_MAX_BYTES,
    sdkVersion: VERSION,
    unixNs,
    randomId: () => randomHex(32),
    nowMs: () => nowNs() / 1e6,
  });
  return { name: "spool", sink };
}

function openJournal(
  { outputDir, journalMaxBytes }: CheckedOptions,
  { clock, warn, isWorker }: OutputHost,
): OpenOutput | null {
  const directory = absolutePath(outputDir ?? defaultJournalDirectory());
  if (!mayWrite("journal", directory, warn)) return null;
  const { unixNs, nowNs } = clock;
  const { pid } = node.process;
  const isWorkerThread = isWorker();
  const joined = isWorkerThread ? runOfProcess(directory, pid, threadId()) : null;
  const run = joined?.name ?? runName(unixNs(), pid);
  const { runtime, runtime_version } = runtimeAttrs();
  const sink = new JournalSink({
    directory,
    run,
    // Who joins a run leaves the bound to the one that has begun it, whose surveys count this too.
    maxBytes: joined !== null ? null : journalMaxBytes ?? DEFAULT_JOURNAL_MAX_BYTES,
    threadName: threadName(),
    sdkVersion: VERSION,
    runtime: `${runtime} ${runtime_version}`,
    unixNs,
    nowMs: () => nowNs() / 1e6,
    onBegin: isWorkerThread ? undefined : contexts => announceRun(directory, { name: run, ...contexts }),
  });
  return joined === null ? { name: "journal", sink } : { name: "journal", sink, joined };
}

function mayWrite(what: string, directory: string, warn: (message: string) => void): boolean {
  if (isWritable(directory)) return true;
  warn(
    `The ${what} may not write to ${
      quote(directory)
    } (--allow-read and --allow-write); the trace stays in memory`,
  );
  return false;
}

// Once, so that a program that changes its working directory does not split its spool.
function absolutePath(path: string): string {
  try {
    return node.path.resolve(path);
  } catch {
    return path; // the working directory is gone, or must not be known
  }
}

/** What `health()` says where there is no spool. */
const NO_SPOOL: SpoolHealth = {
  spool_drop_count: 0,
  spool_span_drop_count: 0,
  spool_mark_drop_count: 0,
  spool_bytes: 0,
  spool_dir: null,
};

/** The same of a journal. */
const NO_JOURNAL: JournalHealth = {
  journal_drop_count: 0,
  journal_span_drop_count: 0,
  journal_mark_drop_count: 0,
  journal_waiting_span_count: 0,
  journal_bytes: 0,
  journal_dir: null,
  thread_count: 1,
};

/**
 * The sinks' part of `health()`: sinks with a name fill fields, those of a user's own are a list.
 * @param said What each of `outputs` says, in their order.
 */
export function outputsHealth(
  outputs: readonly OpenOutput[],
  said: readonly JsonValue[],
): SpoolHealth & JournalHealth & Pick<Health, "sinks"> {
  const fields = { ...NO_SPOOL, ...NO_JOURNAL };
  const sinks: JsonValue[] = [];
  outputs.forEach(({ name }, i) => {
    if (name === null) sinks.push(said[i]);
    else Object.assign(fields, said[i]);
  });
  return { ...fields, sinks };
}
