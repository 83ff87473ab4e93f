/**
 * The context manager: a context is kept in the flow of its span's scope, so that what is active for OpenTelemetry is innermost for
 * us, and the other way round.
 *
 * @module
 */
import type { Frame } from "../record/flows.ts";
import type { OpenScope } from "../record/open_scope.ts";
import type { SpanRecorder } from "../record/span_recorder.ts";
import type { ApiContextManager, ApiSpan, Context, TraceState } from "./api.ts";
import type { Bridge } from "./bridge.ts";
import { EmitterBindings, isEmitter } from "./emitters.ts";
import { type FlowContext, GivenContext, numberOf, SpanLayer } from "./flow_context.ts";
import { Span } from "./span.ts";

/** What of the runtime's own manager is used, where it has one. */
export type NativeManager = Pick<ApiContextManager, "active" | "with">;

/** Keeps contexts in our flows. */
export class ContextManager implements ApiContextManager {
  readonly #bridge: Bridge;
  /** The runtime's own, which goes on knowing what is active; null where there is none. */
  readonly #native: NativeManager | null;
  readonly #root: FlowContext;
  readonly #emitters: EmitterBindings = new EmitterBindings(this);
  readonly #views: WeakMap<OpenScope, Span> = new WeakMap();
  #generation = 0;

  constructor(bridge: Bridge, native: NativeManager | null) {
    this.#bridge = bridge;
    this.#native = native;
    this.#root = new GivenContext(bridge.root, bridge.spanKey, 0);
  }

  /** The context of the calling flow. Its span is the innermost scope, whoever opened that. */
  active(): Context {
    const recorder = this.#bridge.recorder();
    const flows = this.#bridge.flowsOf(recorder);
    const frame = flows.current();
    const base = this.baseOf(frame);
    const scope = this.newerThan(base, frame, recorder);
    return scope === null ? base.context : this.#contextIn(base, recorder!, scope);
  }

  /** The context that a flow has, unless the runtime has put another one in its place meanwhile. */
  baseOf(frame: Frame<OpenScope>): FlowContext {
    const kept = frame.surroundings as FlowContext | null;
    const own = kept !== null && kept.generation === this.#generation ? kept : this.#root;
    if (this.#native === null) return own;
    const native = this.#native.active();
    return native === own.context ? own : this.#flowContext(native);
  }

  /** The innermost scope, if it was opened in that context and not around it. */
  newerThan(base: FlowContext, frame: Frame<OpenScope>, recorder: SpanRecorder | null): OpenScope | null {
    const scope = frame.innermost();
    if (scope === null || scope.number <= numberOf(base.span, recorder)) return null;
    // A context of the runtime's own, in the flow that the program began in: the scope is around it.
    return base !== frame.surroundings && base.span !== undefined && !(base.span instanceof Span)
        && frame === this.#bridge.flowsOf(recorder).main
      ? null
      : scope;
  }

  #contextIn(base: FlowContext, recorder: SpanRecorder, scope: OpenScope): Context {
    let view = this.#views.get(scope);
    if (view === undefined) {
      view = new Span(recorder, scope, traceStateFor(base.span, recorder, scope), 0, false);
      this.#views.set(scope, view);
    }
    const { shown } = view;
    if (shown instanceof SpanLayer && shown.isOn(base.context) && shown.generation === this.#generation) {
      return shown;
    }
    return view.shown = this.layer(base.context, view);
  }

  /** A context with a span. */
  layer(base: Context, span: ApiSpan): SpanLayer {
    return new SpanLayer(base, this.#bridge.spanKey, span, this.#generation);
  }

  /** Runs a function in a context, across every await in it. */
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const native = this.#native;
    const call = native === null
      ? (): ReturnType<F> => Reflect.apply(fn, thisArg, args)
      : (): ReturnType<F> => native.with<A, F>(context, fn, thisArg, ...args);
    const recorder = this.#bridge.recorder();
    const frame = this.#frameOf(recorder, this.#flowContext(context));
    return this.#bridge.flowsOf(recorder).run(frame, call, undefined);
  }

  /** Runs a function in the flow of an active scope, with its span. */
  runActive<T>(recorder: SpanRecorder, context: SpanLayer, fn: (span: ApiSpan) => T): T {
    const span = context.span as Span;
    const { frame } = span.scope;
    frame!.surroundings = context;
    recorder.flows.areSurrounded = true;
    const native = this.#native;
    return native === null
      ? recorder.flows.run(frame!, fn, span)
      : recorder.flows.run(frame!, () => native.with(context, () => fn(span)), undefined);
  }

  #frameOf(recorder: SpanRecorder | null, context: FlowContext): Frame<OpenScope> {
    const flows = this.#bridge.flowsOf(recorder);
    flows.open();
    flows.areSurrounded = true;
    const { span } = context;
    const isOpen = span instanceof Span && span.recorder === recorder && span.scope.isOpen;
    const frame = flows.begin(isOpen ? span.scope : null);
    frame.surroundings = context;
    return frame;
  }

  #flowContext(context: Context): FlowContext {
    return context instanceof SpanLayer && context.generation === this.#generation
      ? context
      : new GivenContext(context, this.#bridge.spanKey, this.#generation);
  }

  /** A function that runs in a context, or an emitter whose listeners do from now on; anything else comes back as it is. */
  bind<T>(context: Context, target: T): T {
    if (isEmitter(target)) return this.#emitters.bind(context, target);
    return typeof target === "function" ? this.bindFunction(context, target) as T : target;
  }

  /** A function that runs in a context. */
  // deno-lint-ignore ban-types -- whatever it takes and gives
  bindFunction(context: Context, target: Function): Function {
    const runIn = (self: unknown, args: unknown[]): unknown =>
      this.with(context, () => Reflect.apply(target, self, args));
    const bound = function(this: unknown, ...args: unknown[]): unknown {
      return runIn(this, args);
    };
    Object.defineProperty(bound, "length", { value: target.length, configurable: true });
    return bound;
  }

  /** Makes a context the calling flow's own until it is disposed of: where no function can be run in it. */
  attach(context: Context): { dispose(): void } {
    const recorder = this.#bridge.recorder();
    const flows = this.#bridge.flowsOf(recorder);
    const before = flows.enter(this.#frameOf(recorder, this.#flowContext(context)));
    let isDone = false;
    return {
      dispose: () => {
        if (isDone) return;
        isDone = true;
        flows.enter(before);
      },
    };
  }

  /** Does nothing: it is always on. */
  enable(): this {
    return this;
  }

  /** Gives up the contexts that are active anywhere. */
  disable(): this {
    this.#generation++;
    return this;
  }
}

/** What vendors added to the trace of a span goes for a scope of ours that lies in it, if that has not begun a trace of its own. */
export function traceStateFor(
  span: ApiSpan | undefined,
  recorder: SpanRecorder,
  scope: OpenScope,
): TraceState | undefined {
  if (span === undefined || (span instanceof Span && span.traceState === undefined)) return undefined;
  const { traceState, traceId } = span.spanContext();
  return traceState !== undefined && recorder.life.traceparentOf(scope).slice(3, 35) === traceId
    ? traceState
    : undefined;
}
