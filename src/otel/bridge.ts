/**
 * What the parts of the bridge share: the caller's API, and where is recorded now.
 *
 * @module
 */
import { Flows } from "../record/flows.ts";
import type { OpenScope } from "../record/open_scope.ts";
import type { SpanRecorder } from "../record/span_recorder.ts";
import type { EngineV1 } from "../session/engine_v1.ts";
import type { Context, OpenTelemetryApi } from "./api.ts";

/** Set by whoever wants nothing of its own traced: exporters do. A symbol of the API's SDK, known by name to everybody. */
const SUPPRESSED = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** The caller's API and this process's engine. */
export class Bridge {
  readonly api: OpenTelemetryApi;
  /** The context that has nothing. */
  readonly root: Context;
  /** Where a context has its span. */
  readonly spanKey: symbol;
  readonly #engine: EngineV1;
  /** What keeps contexts where nothing is recorded: they are the program's own, and go on. */
  readonly #idleFlows: Flows<OpenScope> = new Flows<OpenScope>();

  constructor(api: OpenTelemetryApi, engine: EngineV1) {
    this.api = api;
    this.root = api.ROOT_CONTEXT;
    this.spanKey = spanKeyOf(api);
    this.#engine = engine;
  }

  /** Where spans are recorded now; null with `enabled: false`. */
  recorder(): SpanRecorder | null {
    return this.#engine.recording.spanRecorder?.() ?? null;
  }

  /** The flows of a recorder, or those of nothing. */
  flowsOf(recorder: SpanRecorder | null): Flows<OpenScope> {
    return recorder === null ? this.#idleFlows : recorder.flows;
  }
}

/** Whether a context says that nothing is to be traced in it. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESSED) === true;
}

// The API tells nobody its key, but uses it.
function spanKeyOf({ trace }: OpenTelemetryApi): symbol {
  let found: symbol | null = null;
  const asked: Context = {
    getValue: () => undefined,
    setValue: key => {
      found = key;
      return asked;
    },
    deleteValue: () => asked,
  };
  trace.setSpan(asked, null);
  if (found === null) throw new TypeError("Cannot register: setSpan() of the API set no value of a context");
  return found;
}
