/**
 * `otlp()`: the sink that sends spans to OpenTelemetry's receivers, wired to the host.
 *
 * @module
 */
import { isOptions, kindOf, quote } from "../data/arguments.ts";
import { copyAttrs } from "../data/attrs.ts";
import { checkNumber, checkWhole } from "../data/number_checks.ts";
import { checkOptionNames } from "../data/option_names.ts";
import type { Attrs } from "../data/values.ts";
import { VERSION } from "../data/version.ts";
import { jsonCodec, type OtlpCodec, protobufCodec } from "../formats/otlp/codec.ts";
import { load } from "../runtime/builtins.ts";
import { later, stopTimer } from "../runtime/host_calls.ts";
import { isReachable } from "../runtime/permissions.ts";
import type { BuiltSink } from "../session/options.ts";
import {
  otlpCompression,
  otlpHeaders,
  otlpProtocol,
  otlpResource,
  otlpTimeoutMs,
  otlpUrl,
} from "../session/otlp_environment.ts";
import { OtlpSink } from "../sinks/otlp/sink.ts";
import { type Endpoint, type Outcome, post } from "../sinks/otlp/transport.ts";

/** Options of `otlp()`. `null` is the same as leaving an option out. */
export interface OtlpOptions {
  /**
   * Where requests go. An address without a path is one of a receiver, and `/v1/traces` is added.
   * @default `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, else `OTEL_EXPORTER_OTLP_ENDPOINT` with `/v1/traces`, if these may be read and are set,
   * else `http://localhost:4318/v1/traces`
   */
  url?: string | URL | null;
  /** Headers of each request, such as an API key, beside those of `OTEL_EXPORTER_OTLP_HEADERS`. */
  headers?: Readonly<Record<string, string>> | null;
  /**
   * What requests are written in.
   * @default `OTEL_EXPORTER_OTLP_PROTOCOL`, else `"http/protobuf"`
   */
  protocol?: "http/protobuf" | "http/json" | null;
  /**
   * Whether requests are compressed, on another thread.
   * @default `OTEL_EXPORTER_OTLP_COMPRESSION`, else `"gzip"`
   */
  compression?: "gzip" | "none" | null;
  /**
   * Milliseconds until a request is given up, and tried again later.
   * @default `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10000
   */
  timeoutMs?: number | null;
  /** Attributes of the resource, such as `service.name`, over those of `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. */
  resource?: Readonly<Record<string, unknown>> | null;
  /**
   * Spans in a request, at most.
   * @default 2048
   */
  batchSpans?: number | null;
  /**
   * Spans that wait for a receiver that is slow or away, at most; over it the oldest are dropped, and counted.
   * @default 100000
   */
  queueSpans?: number | null;
  /**
   * What requests are made with.
   * @default the runtime's own `fetch`
   */
  fetch?: typeof fetch | null;
}

const OPTION_NAMES: readonly string[] = [
  "url",
  "headers",
  "protocol",
  "compression",
  "timeoutMs",
  "resource",
  "batchSpans",
  "queueSpans",
  "fetch",
];

const DEFAULT_URL = "http://localhost:4318/v1/traces";
const TRACES_PATH = "/v1/traces";
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_BATCH_SPANS = 2048;
const DEFAULT_QUEUE_SPANS = 100_000;

/** Where and how requests go. */
interface Target {
  readonly codec: OtlpCodec;
  readonly url: string;
  readonly resource: Attrs;
  /** Sends one request. Never rejects. */
  readonly post: (request: Uint8Array) => Promise<Outcome>;
}

/**
 * A sink that sends closed spans to a receiver of OTLP over HTTP, such as an OpenTelemetry collector. Counters become attributes
 * (`cirron.cpu_ns`), marks events, an error the status, and what the session says of the process the resource.
 *
 * It takes about a microsecond a span; requests go once a second, or when 2048 spans wait. What cannot be sent waits and is tried again,
 * up to `queueSpans`; `health().sinks` says what became of each. Beside `"journal"` nothing is lost: what could not be sent before the
 * end is in the journal.
 *
 * @throws {TypeError} If an option is of a wrong type, or the name of none.
 * @throws {RangeError} If an option is out of its range.
 *
 * @example Both, a journal and a collector
 * ```ts
 * import { health, profile, scope, shutdown } from "@cirron/sdk";
 * import { otlp } from "@cirron/sdk/otlp";
 * import { assertEquals } from "@std/assert";
 *
 * const fetch = () => Promise.resolve(new Response()); // in place of a collector
 * const url = "http://collector:4318";
 * const profiler = profile({ output: ["journal", otlp({ url, resource: { "service.name": "shop" }, fetch })] });
 * scope("work", () => {});
 * shutdown();
 * await profiler.settled();
 * assertEquals((health().sinks[0] as { sent_count: number }).sent_count, 1);
 * ```
 */
export function otlp(options: OtlpOptions = {}): BuiltSink {
  const target = targetOf(options);
  const { batchSpans, queueSpans } = options;
  if (batchSpans != null) checkWhole("batchSpans", batchSpans, 1);
  if (queueSpans != null) checkWhole("queueSpans", queueSpans, 1);
  return new OtlpSink({
    ...target,
    later: callLater,
    random: Math.random,
    batchSpans: batchSpans ?? DEFAULT_BATCH_SPANS,
    queueSpans: queueSpans ?? DEFAULT_QUEUE_SPANS,
  });
}

function targetOf(options: OtlpOptions): Target {
  if (!isOptions(options)) throw new TypeError(`otlp: options must be an object, got ${kindOf(options)}`);
  checkOptionNames(options, OPTION_NAMES, "send spans");
  const url = checkUrl(options.url ?? otlpUrl() ?? DEFAULT_URL);
  const protocol = oneOf("protocol", options.protocol, otlpProtocol(), ["http/protobuf", "http/json"]);
  const compression = oneOf("compression", options.compression, otlpCompression(), ["gzip", "none"]);
  const timeoutMs = options.timeoutMs ?? otlpTimeoutMs() ?? DEFAULT_TIMEOUT_MS;
  checkNumber("timeoutMs", timeoutMs, 1);
  const codec = protocol === "http/json" ? jsonCodec() : protobufCodec();
  const endpoint: Endpoint = {
    url,
    contentType: codec.contentType,
    headers: { ...otlpHeaders(), ...options.headers },
    timeoutMs,
    fetch: options.fetch ?? ((...given) => fetch(...given)),
    later: callLater,
  };
  const resource = {
    "service.name": "unknown_service",
    ...SDK,
    ...otlpResource(),
    ...copyAttrs(options.resource ?? {}),
  };
  return { codec, url, resource, post: request => send(endpoint, request, compression === "gzip") };
}

/** What OpenTelemetry asks of each resource. */
const SDK: Attrs = {
  "telemetry.sdk.name": "cirron",
  "telemetry.sdk.language": "javascript",
  "telemetry.sdk.version": VERSION,
};

async function send(endpoint: Endpoint, request: Uint8Array, isCompressed: boolean): Promise<Outcome> {
  const { host } = new URL(endpoint.url);
  // Asked each time: a permission may be taken back, and a fetch without it would ask the user.
  if (!isReachable(host)) return { kind: "refused", reason: `Deno needs --allow-net=${host} for it` };
  const body = isCompressed ? await compressed(request) : request;
  return await post(endpoint, body, isCompressed ? "gzip" : null);
}

// Level 1: 6 takes seven times as long. On a thread of the runtime's own.
function compressed(bytes: Uint8Array): Promise<Uint8Array> {
  const { gzip } = load<typeof import("node:zlib")>("node:zlib");
  return new Promise((resolve, reject) => {
    gzip(bytes, { level: 1 }, (error, made) => error === null ? resolve(made) : reject(error));
  });
}

function callLater(ms: number, run: () => void): () => void {
  const timer = later(ms, run);
  return () => stopTimer(timer);
}

function checkUrl(given: string | URL): string {
  if (typeof given !== "string" && !(given instanceof URL)) {
    throw new TypeError(`url must be a string or a URL, got ${kindOf(given)}`);
  }
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new RangeError(
      `url must be an address such as "http://localhost:4318", got ${quote(String(given))}`,
    );
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new RangeError(`url must begin with http:// or https://, got ${quote(String(given))}`);
  }
  if (url.pathname === "/" && url.search === "") url.pathname = TRACES_PATH;
  return url.href;
}

/** What is given, else what the environment says if it is one of those known, which also says `grpc`; else the first. */
function oneOf(
  name: string,
  given: string | null | undefined,
  variable: string | undefined,
  known: readonly string[],
): string {
  if (given == null) return variable !== undefined && known.includes(variable) ? variable : known[0];
  if (known.includes(given)) return given;
  throw new RangeError(`${name} must be ${known.map(quote).join(" or ")}, got ${quote(String(given))}`);
}
