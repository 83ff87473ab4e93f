/**
 * The tracer: begins spans.
 *
 * @module
 */
import { ATTR_VALUES } from "../data/attrs.ts";
import { cutText } from "../data/text_limits.ts";
import type { Attrs } from "../data/values.ts";
import type { OpenScope } from "../record/open_scope.ts";
import { APART, IN_FLOW } from "../record/places.ts";
import { hangOn, type SpanRecorder, startAt } from "../record/span_recorder.ts";
import type { ApiSpan, ApiTracer, Context, SpanOptions, TraceState } from "./api.ts";
import { type Bridge, isSuppressed } from "./bridge.ts";
import { type ContextManager, traceStateFor } from "./context_manager.ts";
import { foreignOf, spanOf } from "./flow_context.ts";
import { putLink } from "./links.ts";
import { Span } from "./span.ts";
import { putAttributes } from "./span_attributes.ts";
import { clockNs } from "./times.ts";

/** What `kind` says of a span, by its number; an internal one is as any scope of ours. */
const KINDS: readonly (string | undefined)[] = [undefined, "server", "client", "producer", "consumer"];

const NOWHERE = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 } as const;

/** Values that attributes are sure to have room for when a span begins: it may get a few of its own. */
const ROOM = ATTR_VALUES - 10;

const NO_OPTIONS: SpanOptions = {};

/** Where a tracer's spans go. */
export interface TracerHome {
  readonly bridge: Bridge;
  readonly contexts: ContextManager;
  /** Whether the bridge is registered. Tracers that libraries keep go on to what is registered when it is not. */
  readonly isOn: boolean;
}

/** Begins the spans of one library. */
export class Tracer implements ApiTracer {
  readonly name: string;
  readonly version: string | undefined;
  readonly #home: TracerHome;
  readonly #options: { schemaUrl?: string } | undefined;

  constructor(
    home: TracerHome,
    name: string,
    version: string | undefined,
    options: { schemaUrl?: string } | undefined,
  ) {
    this.#home = home;
    this.name = cutText(String(name ?? ""));
    this.version = version === undefined || version === null ? undefined : cutText(String(version));
    this.#options = options;
  }

  /** Begins a span that is in no flow: in what is active, or in the span of a context. */
  startSpan(name: string, options?: SpanOptions, context?: Context): ApiSpan {
    const home = this.#home;
    if (!home.isOn) return this.#other().startSpan(name, options, context);
    const recorder = home.bridge.recorder();
    return (recorder === null ? null : this.#begin(recorder, name, options, context, false))
      ?? this.#nothing(context);
  }

  /** Begins a span and runs a function in it, which is to end it. */
  startActiveSpan<T>(name: string, second?: unknown, third?: unknown, fourth?: unknown): T {
    const { length } = arguments;
    if (length < 2) return undefined as T;
    const fn = (length === 2 ? second : length === 3 ? third : fourth) as (span: ApiSpan) => T;
    const options = (length === 2 ? undefined : second ?? undefined) as SpanOptions | undefined;
    const context = (length < 4 ? undefined : third ?? undefined) as Context | undefined;
    const { isOn, bridge, contexts } = this.#home;
    if (!isOn) {
      const other = this.#other();
      return Reflect.apply(other.startActiveSpan, other, Array.from(arguments)) as T;
    }
    const recorder = bridge.recorder();
    if (recorder !== null) {
      const base = context ?? contexts.baseOf(recorder.flows.current()).context;
      const span = this.#begin(recorder, name, options, context, true);
      if (span !== null) return contexts.runActive(recorder, contexts.layer(base, span), fn);
    }
    const nothing = this.#nothing(context);
    const inside = bridge.api.trace.setSpan(context ?? bridge.api.context.active(), nothing);
    return bridge.api.context.with(inside, fn, undefined, nothing) as T;
  }

  #other(): ApiTracer {
    return this.#home.bridge.api.trace.getTracerProvider().getTracer(this.name, this.version, this.#options);
  }

  // What nobody records hands on where it stands all the same.
  #nothing(context: Context | undefined): ApiSpan {
    const { api, spanKey } = this.#home.bridge;
    const where = spanOf(context ?? api.context.active(), spanKey)?.spanContext();
    return api.trace.wrapSpanContext(where === undefined || foreignOf(where) === null ? NOWHERE : where);
  }

  // Null where the context says that nothing is to be traced.
  #begin(
    recorder: SpanRecorder,
    name: string,
    options: SpanOptions = NO_OPTIONS,
    context: Context | undefined,
    isActive: boolean,
  ): Span | null {
    const { bridge, contexts } = this.#home;
    let parent: ApiSpan | undefined;
    let scope: OpenScope | null = null;
    if (context === undefined) {
      const frame = recorder.flows.current();
      const base = contexts.baseOf(frame);
      if (base.context !== bridge.root && isSuppressed(base.context)) return null;
      parent = base.span;
      scope = contexts.newerThan(base, frame, recorder);
    } else {
      if (context !== bridge.root && isSuppressed(context)) return null;
      parent = spanOf(context, bridge.spanKey);
    }
    if (options.root === true) {
      parent = undefined;
      scope = null;
    }
    const begun = { attrs: this.#ownAttrs(options.kind) };
    const { attributes, links, startTime } = options;
    const room = attributes === undefined ? ROOM : putAttributes(begun, attributes, ROOM);
    if (Array.isArray(links)) { for (const link of links) putLink(begun, link); }
    const isGiven = startTime !== undefined && startTime !== null;
    const startNs = isGiven ? clockNs(recorder, startTime) : NaN;
    const opened = open(recorder, String(name), begun.attrs, parent, scope, isActive);
    const traceState = scope === null ? ownTraceState(parent) : traceStateFor(parent, recorder, scope);
    if (!Number.isNaN(startNs)) startAt(recorder, opened, startNs);
    return new Span(recorder, opened, traceState, room, isGiven);
  }

  // Which library it is of, as OpenTelemetry says it where spans have no place for that.
  #ownAttrs(kind: unknown): Attrs {
    const { name, version } = this;
    const attrs: Attrs = version === undefined
      ? { "otel.scope.name": name }
      : { "otel.scope.name": name, "otel.scope.version": version };
    const kindText = kind === undefined ? undefined : KINDS[kind as number];
    if (kindText !== undefined) attrs["span.kind"] = kindText;
    return attrs;
  }
}

// The scope of a new span: in a scope, in a span, or in none.
function open(
  recorder: SpanRecorder,
  name: string,
  attrs: Attrs,
  parent: ApiSpan | undefined,
  scope: OpenScope | null,
  isActive: boolean,
): OpenScope {
  if (scope !== null) return recorder.openDetached(name, attrs, scope, IN_FLOW, isActive);
  if (parent instanceof Span && parent.recorder === recorder) {
    if (parent.scope.isOpen) return recorder.openDetached(name, attrs, parent.scope, IN_FLOW, isActive);
    // It may have ended: a parent all the same, as the API has it.
    const opened = recorder.openDetached(name, attrs, null, APART, isActive);
    const { remote, root } = parent;
    hangOn(
      recorder,
      opened,
      parent.scope.number,
      remote === null ? root : recorder.buffer.foreign.add(remote),
    );
    return opened;
  }
  const foreign = parent === undefined ? null : foreignOf(parent.spanContext());
  const place = foreign === null ? APART : recorder.buffer.foreign.add(foreign);
  return recorder.openDetached(name, attrs, null, place, isActive);
}

function ownTraceState(parent: ApiSpan | undefined): TraceState | undefined {
  if (parent === undefined) return undefined;
  return parent instanceof Span ? parent.traceState : parent.spanContext()?.traceState;
}
