/**
 * Opens what `output` names, and puts together what the sinks say of themselves.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import type { Health, SpoolHealth } from "../data/health.ts";
import { randomHex } from "../data/ids.ts";
import type { JsonValue } from "../data/values.ts";
import { VERSION } from "../data/version.ts";
import type { Clock } from "../meters/clock.ts";
import { node } from "../runtime/builtins.ts";
import { isWritable } from "../runtime/permissions.ts";
import { logSink, stdoutSink } from "../sinks/log.ts";
import type { AnySink } from "../sinks/sink.ts";
import { DEFAULT_SPOOL_MAX_BYTES, SpoolSink } from "../sinks/spool.ts";
import type { CheckedOptions, Output } from "./options.ts";

/** What sinks need from above. */
export interface OutputHost {
  readonly clock: Clock;
  readonly print: (text: string) => void;
  readonly warn: (message: string) => void;
}

/** An output that is open. */
export interface OpenOutput {
  /** The name it was asked for by; null for a sink of the user's own. */
  readonly name: Exclude<Output, object> | null;
  readonly sink: AnySink;
}

/** Opens the sinks, in their order. One that the runtime does not permit is left out: then the trace stays in memory. */
export function openOutputs(
  outputs: readonly Exclude<Output, "none">[],
  options: CheckedOptions,
  host: OutputHost,
): OpenOutput[] {
  const opened: OpenOutput[] = [];
  for (const output of outputs) {
    const sink = typeof output === "object" ? output : openNamed(output, options, host);
    if (sink !== null) opened.push({ name: typeof output === "object" ? null : output, sink });
  }
  return opened;
}

function openNamed(
  name: Exclude<Output, "none" | object>,
  options: CheckedOptions,
  host: OutputHost,
): AnySink | null {
  switch (name) {
    case "stdout":
      return stdoutSink(host.print);
    case "log":
      return logSink(options.logger ?? { info: line => console.info(line) });
    case "spool":
      return openSpool(options, host);
  }
}

function openSpool(
  { outputDir, spoolMaxBytes }: CheckedOptions,
  { clock, warn }: OutputHost,
): SpoolSink | null {
  const directory = absolutePath(outputDir!);
  if (!isWritable(directory)) {
    warn(
      `The spool may not write to ${
        quote(directory)
      } (--allow-read and --allow-write); the trace stays in memory`,
    );
    return null;
  }
  const { unixNs, nowNs } = clock;
  return new SpoolSink({
    directory,
    maxBytes: spoolMaxBytes ?? DEFAULT_SPOOL_MAX_BYTES,
    sdkVersion: VERSION,
    unixNs,
    randomId: () => randomHex(32),
    nowMs: () => nowNs() / 1e6,
  });
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

/**
 * The sinks' part of `health()`: sinks with a name fill fields, those of a user's own are a list.
 * @param said What each of `outputs` says, in their order.
 */
export function outputsHealth(
  outputs: readonly OpenOutput[],
  said: readonly JsonValue[],
): SpoolHealth & Pick<Health, "sinks"> {
  const fields = { ...NO_SPOOL };
  const sinks: JsonValue[] = [];
  outputs.forEach(({ name }, i) => {
    if (name === null) sinks.push(said[i]);
    else Object.assign(fields, said[i]);
  });
  return { ...fields, sinks };
}
