// deno-lint-ignore-file camelcase -- these fields are the format of the data that leaves the process
/**
 * `session.json`: what a recorder says of itself, at its start and again at its end.
 *
 * @module
 */
import { jsonOf, parseJson } from "../data/json_text.ts";
import { JOURNAL_VERSION } from "./format.ts";

/** What a recorder says of itself. What is null is not known. */
export interface SessionInfo {
  /** As in the ids of its spans: 16 hex characters. */
  readonly id_suffix: string;
  /** As in the ids of its marks. */
  readonly mark_id_suffix: string;
  /** Unix time in nanoseconds at which its clock was 0, as digits. */
  readonly anchor_unix_ns: string;
  /** Unix time in nanoseconds, as digits. */
  readonly started_unix_ns: string;
  /** The same of its end; null while it runs, and for good if it never ended by itself. */
  readonly ended_unix_ns: string | null;
  readonly pid: number;
  /** When the process was started, in ticks since the machine was: a pid alone is used again. */
  readonly process_start: string | null;
  /** Random for each start of the machine. */
  readonly boot_id: string | null;
  /** 0 for the main thread. */
  readonly thread: number;
  readonly thread_name: string | null;
  /** By what the kernel knows a thread that is not the main one, and when that was started, as `process_start`. */
  readonly kernel_thread: number | null;
  readonly kernel_thread_start: string | null;
  readonly rank: number | null;
  /** Trace context that the whole session hangs on, as W3C writes it. */
  readonly parent: string | null;
  /** Trace context of the session's own span, in the same form: what threads of the process hang on. */
  readonly context: string | null;
  readonly sdk_version: string | null;
  /** Name and version. */
  readonly runtime: string | null;
  /** Spans and marks that could not be written. */
  readonly span_drop_count: number;
  readonly mark_drop_count: number;
}

/** No session says more than this many bytes of itself. */
export const SESSION_BYTES = 65_536;

/** The file's content. */
export function encodeSession(session: SessionInfo): Uint8Array {
  return new TextEncoder().encode(`${jsonOf({ journal_version: JOURNAL_VERSION, ...session })}\n`);
}

/**
 * What a file says; null if it is none of ours, or of a version to come. A field that is missing or of another type is null, or 0
 * for a count; without the first four there is no session.
 */
export function parseSession(text: string): SessionInfo | null {
  let content: Record<string, unknown>;
  try {
    content = parseJson(text) as Record<string, unknown>;
  } catch {
    return null;
  }
  if (typeof content !== "object" || content === null) return null;
  const string = (name: string) => typeof content[name] === "string" ? content[name] : null;
  const number = (name: string) => Number.isSafeInteger(content[name]) ? content[name] as number : null;
  const digits = (name: string) => {
    const value = string(name);
    return value !== null && /^-?\d{1,20}$/.test(value) ? value : null;
  };
  const idSuffix = string("id_suffix");
  const anchor = digits("anchor_unix_ns");
  const pid = number("pid");
  const isOurs = content.journal_version === JOURNAL_VERSION && idSuffix !== null
    && /^[0-9a-f]{16}$/.test(idSuffix);
  if (!isOurs || anchor === null || pid === null) return null;
  return {
    id_suffix: idSuffix,
    mark_id_suffix: string("mark_id_suffix") ?? idSuffix,
    anchor_unix_ns: anchor,
    started_unix_ns: digits("started_unix_ns") ?? anchor,
    ended_unix_ns: digits("ended_unix_ns"),
    pid,
    process_start: string("process_start"),
    boot_id: string("boot_id"),
    thread: number("thread") ?? 0,
    thread_name: string("thread_name"),
    kernel_thread: number("kernel_thread"),
    kernel_thread_start: string("kernel_thread_start"),
    rank: number("rank"),
    parent: string("parent"),
    context: string("context"),
    sdk_version: string("sdk_version"),
    runtime: string("runtime"),
    span_drop_count: number("span_drop_count") ?? 0,
    mark_drop_count: number("mark_drop_count") ?? 0,
  };
}
