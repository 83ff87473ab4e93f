/**
 * What of ours is what of OTLP's, however it is written.
 *
 * @module
 */
import { SESSION_NAME } from "../../data/session_names.ts";
import { areMade, type Snapshot } from "../../data/snapshot.ts";
import type { Attrs } from "../../data/values.ts";
import { ownIdText, parentIdText, traceIdOf } from "../../tree/columns.ts";

/** What an instrumentation scope is called: who recorded the spans. */
export const SCOPE_TEXT = "@cirron/sdk";

/** What `span.kind` says of spans of OpenTelemetry, in the order of `SpanKind`: from 1, `SPAN_KIND_INTERNAL`, on. */
const KINDS: readonly unknown[] = ["internal", "server", "client", "producer", "consumer"];

/** A span's kind: internal where it says nothing. */
export function spanKind(attrs: Attrs | undefined): number {
  const kind = attrs?.["span.kind"];
  return kind === undefined ? 1 : Math.max(0, KINDS.indexOf(kind)) + 1;
}

/** `STATUS_CODE_ERROR`. */
export const STATUS_ERROR = 2;

/** A span's flags: it is sampled, and it is known whether its parent is remote. */
export const SAMPLED = 0x101;

/** Its parent is. */
export const REMOTE = 0x200;

/**
 * Whether a row is no span of OTLP: the session's own, which is the resource, unless it continues a trace of elsewhere; or what holds
 * marks made outside any scope.
 */
export function isResource(snapshot: Snapshot, row: number): boolean {
  if (areMade(snapshot.ids) && snapshot.id[row] === 0) return true;
  return snapshot.name[row] === SESSION_NAME && parentIdText(snapshot, row) === null;
}

/** Whether a row begins its trace, and so has a session as its parent at most. */
export function beginsAtSession(snapshot: Snapshot, row: number): boolean {
  if (areMade(snapshot.ids)) return snapshot.root?.[row] === snapshot.id[row];
  const trace = traceIdOf(snapshot, row);
  const own = ownIdText(snapshot, row);
  // The trace's own 64 bits are the span's, its other half the process's.
  return trace !== null && trace.slice(16) === own.slice(0, 16) && trace.slice(0, 16) === own.slice(16);
}

/** A session's attributes as those of a resource: those that OpenTelemetry has a name for by that, the others as the package's own. */
export function resourceAttrs(session: Attrs): Attrs {
  const attrs: Attrs = {};
  for (const [key, value] of Object.entries(session)) {
    attrs[RESOURCE_KEYS[key] ?? (key.startsWith("cirron.") ? key : `cirron.${key}`)] = value;
  }
  return attrs;
}

const RESOURCE_KEYS: Readonly<Record<string, string>> = {
  pid: "process.pid",
  runtime: "process.runtime.name",
  runtime_version: "process.runtime.version",
};
