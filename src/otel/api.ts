/**
 * What this package uses of `@opentelemetry/api`, and what it gives it, by structure: the package itself is the caller's. A test
 * compares these types with versions 1.9.0 and 1.10.0.
 *
 * @module
 */

/** Values by key, of which none is ever changed: a change gives another one. */
export interface Context {
  /** The value of a key; undefined for none. */
  getValue(key: symbol): unknown;
  /** The same with a value. */
  setValue(key: symbol, value: unknown): Context;
  /** The same without one. */
  deleteValue(key: symbol): Context;
}

/** Seconds and nanoseconds since 1970, milliseconds since 1970, a reading of `performance.now()`, or a `Date`. */
export type TimeInput = [number, number] | number | Date;

/** What vendors add to a trace context. */
export interface TraceState {
  /** The same with an entry, which comes first. */
  set(key: string, value: string): TraceState;
  /** The same without one. */
  unset(key: string): TraceState;
  /** The value of an entry; undefined if there is none. */
  get(key: string): string | undefined;
  /** As the header has it. */
  serialize(): string;
}

/** Where a span stands. */
export interface SpanContext {
  /** 32 hex characters. */
  traceId: string;
  /** 16 hex characters. */
  spanId: string;
  /** Whether it came from elsewhere. */
  isRemote?: boolean;
  /** Bit 0: sampled. */
  traceFlags: number;
  /** What vendors added. */
  traceState?: TraceState;
}

/** Another span that this one has to do with. */
export interface Link {
  /** Which one. */
  context: SpanContext;
  /** What is to be said of it. */
  // deno-lint-ignore no-explicit-any -- what a value may be differs between versions
  attributes?: any;
  /** Attributes that are not there. */
  droppedAttributesCount?: number;
}

/** How it went: 0 nobody says, 1 well, 2 badly. */
export interface SpanStatus {
  /** 0, 1 or 2. */
  code: number;
  /** What went wrong. */
  message?: string;
}

/** What went wrong. */
export type Exception = string | {
  code?: string | number;
  name?: string;
  message?: string;
  stack?: string;
};

/** A span as the API has it. */
export interface ApiSpan {
  /** Where it stands. */
  spanContext(): SpanContext;
  /** Puts an attribute. */
  // deno-lint-ignore no-explicit-any -- as above
  setAttribute(key: string, value: any): this;
  /** Puts attributes. */
  // deno-lint-ignore no-explicit-any -- as above
  setAttributes(attributes: any): this;
  /** Notes that something has happened. */
  // deno-lint-ignore no-explicit-any -- as above
  addEvent(name: string, attributesOrStartTime?: any, startTime?: TimeInput): this;
  /** Notes another span. */
  addLink(link: Link): this;
  /** Notes other spans. */
  addLinks(links: Link[]): this;
  /** Says how it went. */
  setStatus(status: SpanStatus): this;
  /** Gives it another name. */
  updateName(name: string): this;
  /** Ends it. */
  end(endTime?: TimeInput): void;
  /** Whether it is open. */
  isRecording(): boolean;
  /** Notes what went wrong. */
  recordException(exception: Exception, time?: TimeInput): void;
}

/** How a span begins. */
export interface SpanOptions {
  /** 0 internal, 1 server, 2 client, 3 producer, 4 consumer. */
  kind?: number;
  /** What it has from the start. */
  // deno-lint-ignore no-explicit-any -- as above
  attributes?: any;
  /** Other spans that it has to do with. */
  links?: Link[];
  /** When it began, if not now. */
  startTime?: TimeInput;
  /** Whether it has no parent, whatever is active. */
  root?: boolean;
}

/** Begins spans. */
export interface ApiTracer {
  /** Begins a span. */
  startSpan(name: string, options?: SpanOptions, context?: Context): ApiSpan;
  /** Begins a span and runs a function in it. */
  startActiveSpan<F extends (span: ApiSpan) => unknown>(name: string, fn: F): ReturnType<F>;
  /** The same with options. */
  startActiveSpan<F extends (span: ApiSpan) => unknown>(
    name: string,
    options: SpanOptions,
    fn: F,
  ): ReturnType<F>;
  /** The same in the span of a context. */
  startActiveSpan<F extends (span: ApiSpan) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
}

/** Gives tracers. */
export interface ApiTracerProvider {
  /** The tracer of a library. */
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): ApiTracer;
}

/** Knows which context is active. */
export interface ApiContextManager {
  /** The active context. */
  active(): Context;
  /** Runs a function in a context. */
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F>;
  /** A function or an emitter that goes on in a context. */
  bind<T>(context: Context, target: T): T;
  /** Begins. */
  enable(): this;
  /** Ends. */
  disable(): this;
  /** Makes a context active until it is disposed of; since 1.10. */
  attach?(context: Context): { dispose(): void };
}

/** Writes into a carrier. */
// deno-lint-ignore no-explicit-any -- a carrier may be anything
export interface TextMapSetter<Carrier = any> {
  /** Writes a header. */
  set(carrier: Carrier, key: string, value: string): void;
}

/** Reads from a carrier. */
// deno-lint-ignore no-explicit-any -- a carrier may be anything
export interface TextMapGetter<Carrier = any> {
  /** The names of all headers. */
  keys(carrier: Carrier): string[];
  /** The value of a header, or its values. */
  get(carrier: Carrier, key: string): undefined | string | string[];
}

/** Writes contexts into carriers and reads them. */
export interface ApiPropagator {
  /** Writes a context. */
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void;
  /** A context with what was read. */
  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context;
  /** The headers that it writes. */
  fields(): string[];
}

/** A value that a request carries along. */
export interface BaggageEntry {
  /** Any text. */
  value: string;
  /** Its properties. */
  // deno-lint-ignore no-explicit-any -- an opaque type of the package's own
  metadata?: any;
}

/** What a request carries along. */
export interface Baggage {
  /** Each key with its entry. */
  getAllEntries(): [string, BaggageEntry][];
}

/** The module `@opentelemetry/api`, as far as it is used. */
export interface OpenTelemetryApi {
  /** The context that has nothing. */
  readonly ROOT_CONTEXT: Context;
  /** Properties of an entry of a baggage. */
  baggageEntryMetadataFromString(text: string): unknown;
  /** Knows which context is active. */
  readonly context: {
    active(): Context;
    setGlobalContextManager(manager: ApiContextManager): boolean;
    // deno-lint-ignore no-explicit-any -- generic there
    with(context: Context, fn: any, thisArg?: any, ...args: any[]): any;
  };
  /** Writes contexts and reads them. */
  readonly propagation: {
    setGlobalPropagator(propagator: ApiPropagator): boolean;
    // deno-lint-ignore no-explicit-any -- as above
    createBaggage(entries?: Record<string, any>): Baggage;
    getBaggage(context: Context): Baggage | undefined;
    // deno-lint-ignore no-explicit-any -- as above
    setBaggage(context: Context, baggage: any): Context;
  };
  /** Gives tracers. */
  readonly trace: {
    setGlobalTracerProvider(provider: ApiTracerProvider): boolean;
    getTracerProvider(): ApiTracerProvider;
    // deno-lint-ignore no-explicit-any -- as above
    setSpan(context: Context, span: any): Context;
    wrapSpanContext(context: SpanContext): ApiSpan;
  };
}
