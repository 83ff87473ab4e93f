/**
 * A span of OpenTelemetry, which is a scope of ours.
 *
 * @module
 */
import { copyAttrs } from "../data/attrs.ts";
import { cutText } from "../data/text_limits.ts";
import type { ForeignContext } from "../data/trace_context.ts";
import type { MarkValue } from "../data/values.ts";
import type { OpenScope } from "../record/open_scope.ts";
import { closeAt, markAt, rootOf, type SpanRecorder } from "../record/span_recorder.ts";
import type {
  ApiSpan,
  Context,
  Exception,
  Link,
  SpanContext,
  SpanStatus,
  TimeInput,
  TraceState,
} from "./api.ts";
import { putLink } from "./links.ts";
import { attrsOf, putAttribute, putAttributes, tokenCounts } from "./span_attributes.ts";
import { clockNs, isTime } from "./times.ts";

const UNSET = 0;
const OK = 1;
const ERROR = 2;

/** What of the flags has a meaning: "sampled" and "the trace id is random". */
const KNOWN_FLAGS = 3;

/** A span as OpenTelemetry's API has it. What it is told is written into its scope at once. */
export class Span implements ApiSpan {
  /** @internal */
  readonly recorder: SpanRecorder;
  /** @internal */
  readonly scope: OpenScope;
  /** The number of what began its trace. @internal */
  readonly root: number;
  /** What its trace continues; null for what began here. @internal */
  readonly remote: ForeignContext | null;
  /** @internal */
  readonly traceState: TraceState | undefined;
  /** The context that was last made for it, where it is a scope of ours: the same one for each who asks. @internal */
  shown: Context | null = null;
  #context: SpanContext | null = null;
  /** How many more attributes are certain to be within the bounds. */
  #room: number;
  #status = UNSET;
  #message = "";
  #exception = "";
  /** Whether its start was given: then nothing is counted in it. */
  readonly #isGiven: boolean;

  /** @param scope An open one. */
  constructor(
    recorder: SpanRecorder,
    scope: OpenScope,
    traceState: TraceState | undefined,
    room: number,
    isGiven: boolean,
  ) {
    this.recorder = recorder;
    this.scope = scope;
    this.traceState = traceState;
    this.#room = room;
    this.#isGiven = isGiven;
    const root = this.root = rootOf(recorder, scope);
    this.remote = root < 0 ? recorder.buffer.foreign.get(root) ?? null : null;
  }

  /** Its ids, made when they are first asked for. */
  spanContext(): SpanContext {
    return this.#context ??= this.#makeContext();
  }

  #makeContext(): SpanContext {
    const { recorder: { life }, scope, root, remote, traceState } = this;
    const context: SpanContext = {
      traceId: remote === null ? life.traceIdOf(root === 0 ? scope.number : root) : remote.traceId,
      spanId: life.spanIdOf(scope),
      traceFlags: remote === null ? 1 : remote.flags & KNOWN_FLAGS,
    };
    if (traceState !== undefined) context.traceState = traceState;
    return context;
  }

  /** Puts an attribute. */
  setAttribute(key: string, value: unknown): this {
    if (this.#isOpen("setAttribute")) this.#room = putAttribute(this.scope, key, value, this.#room);
    return this;
  }

  /** Puts attributes. */
  setAttributes(attributes: unknown): this {
    if (this.#isOpen("setAttributes")) this.#room = putAttributes(this.scope, attributes, this.#room);
    return this;
  }

  /** Makes a mark: its value is the attribute `value` of the event, else true. */
  addEvent(name: string, attributesOrTime?: unknown, time?: TimeInput): this {
    if (isTime(attributesOrTime)) this.#mark(name, undefined, time ?? attributesOrTime);
    else this.#mark(name, attributesOrTime, time);
    return this;
  }

  #mark(name: string, attributes: unknown, time: unknown): void {
    if (this.scope.slot < 0) {
      this.recorder.mishaps.dropMark(String(name), this.scope);
      return;
    }
    const atNs = time === undefined ? NaN : clockNs(this.recorder, time);
    let value: MarkValue = true;
    let attrs = typeof attributes === "object" && attributes !== null ? copyAttrs(attributes) : undefined;
    if (attrs !== undefined) {
      const { value: own, ...others } = attrs;
      if (typeof own === "number" || typeof own === "boolean" || typeof own === "string") {
        value = typeof own === "string" ? cutText(own) : own;
        attrs = others;
      }
      if (Object.keys(attrs).length === 0) attrs = undefined;
    }
    const { recorder, scope } = this;
    // Asked now: a getter may have ended it.
    if (scope.slot < 0) recorder.mishaps.dropMark(String(name), scope);
    else {
      markAt(
        recorder,
        scope,
        cutText(String(name)),
        value,
        attrs,
        Number.isNaN(atNs)
          ? recorder.clock.nowNs()
          : atNs,
      );
    }
  }

  /** Notes another span that this one has to do with. */
  addLink(link: Link): this {
    if (this.#isOpen("addLink")) putLink(this.scope, link);
    return this;
  }

  /** Notes several. */
  addLinks(links: Link[]): this {
    if (this.#isOpen("addLinks") && Array.isArray(links)) {
      for (const link of links) putLink(this.scope, link);
    }
    return this;
  }

  /** Says how it went. "Well" is final; "badly" is the attribute `error`. */
  setStatus(status: SpanStatus): this {
    const code = status?.code;
    if (!this.#isOpen("setStatus") || (code !== OK && code !== ERROR) || this.#status === OK) return this;
    this.#status = code;
    this.#message = code === ERROR && typeof status.message === "string" ? cutText(status.message) : "";
    this.#noteError();
    return this;
  }

  /** Gives it another name. */
  updateName(name: string): this {
    if (this.#isOpen("updateName")) this.scope.name = cutText(String(name));
    return this;
  }

  /** Ends it; a second time nothing happens. */
  end(endTime?: TimeInput): void {
    const { recorder, scope } = this;
    if (scope.slot < 0) return;
    const attrs = scope.extras?.attrs;
    if (attrs !== undefined) {
      const counts = tokenCounts(attrs);
      if (counts.size > 0) { for (const [name, count] of counts) scope.mark(name, count, SUMMARY); }
    }
    if (endTime === undefined && !this.#isGiven) recorder.close(scope);
    else closeAt(recorder, scope, endTime === undefined ? NaN : clockNs(recorder, endTime));
  }

  /** Whether it is open. */
  isRecording(): boolean {
    return this.scope.slot >= 0;
  }

  /** Makes the mark `exception`, and unless the span says that it went well the attribute `error`. */
  recordException(exception: Exception, time?: TimeInput): void {
    const { type, message, stack } = partsOf(exception);
    if (type === "" && message === "") return;
    const text = type === "" || message === "" ? type + message : `${type}: ${message}`;
    this.#mark("exception", {
      value: text,
      ...(type !== "" && { "exception.type": type }),
      ...(message !== "" && { "exception.message": message }),
      ...(stack !== "" && { "exception.stacktrace": stack }),
    }, time);
    if (this.scope.slot < 0) return;
    this.#exception = cutText(text);
    this.#noteError();
  }

  /** As given, or given last. */
  get name(): string {
    return this.scope.name;
  }

  /** How it went. */
  get status(): SpanStatus {
    return this.#message === "" ? { code: this.#status } : { code: this.#status, message: this.#message };
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.scope.slot < 0;
  }

  #noteError(): void {
    const attrs = attrsOf(this.scope);
    if (this.#status === OK) {
      delete attrs.error;
      delete attrs[STATUS_DESCRIPTION];
      attrs[STATUS_CODE] = "OK";
    } else if (this.#exception === "") {
      attrs.error = this.#message || "error";
    } else {
      attrs.error = this.#exception;
      if (this.#message !== "" && !this.#exception.endsWith(this.#message)) {
        attrs[STATUS_DESCRIPTION] = this.#message;
      }
    }
  }

  #isOpen(what: string): boolean {
    if (this.scope.slot >= 0) return true;
    this.recorder.mishaps.dropChange(what, this.scope);
    return false;
  }
}

const STATUS_CODE = "otel.status_code";
const STATUS_DESCRIPTION = "otel.status_description";

const SUMMARY = { kind: "summary" } as const;

// Whatever was thrown: a library hands on what it caught.
function partsOf(exception: unknown): { type: string; message: string; stack: string } {
  if (typeof exception === "string") return { type: "", message: exception, stack: "" };
  try {
    const { code, name, message, stack } = Object(exception) as Record<string, unknown>;
    return { type: textOf(code) || textOf(name), message: textOf(message), stack: textOf(stack) };
  } catch {
    return { type: "", message: "an unreadable exception", stack: "" };
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
