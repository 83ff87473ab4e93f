/**
 * What a program asks of a scope that it has opened: its id and context, changes, and to run something in it.
 *
 * @module
 */
import { kindOf, quote } from "../data/arguments.ts";
import { copyAttrs, mergeAttrs } from "../data/attrs.ts";
import type { IdSeries } from "../data/id_series.ts";
import { cutText, describeError } from "../data/text_limits.ts";
import { formatTraceparent, NO_CONTEXT, spanIdText, traceIdText } from "../data/trace_context.ts";
import type { TraceBuffer } from "./buffer.ts";
import { checkAttrs, checkName } from "./checks.ts";
import type { Flows, OutermostParent } from "./flows.ts";
import type { Mishaps } from "./mishaps.ts";
import type { LifeOfScope, OpenScope } from "./open_scope.ts";
import { OPEN_NUMBERS, OPEN_ROOT } from "./open_table.ts";
import type { Scope } from "./scope.ts";

/** The calls on handles that are not opening, marking and closing. Nothing of it runs for a scope that asks for none. */
export class ScopeLife implements LifeOfScope {
  readonly #buffer: TraceBuffer;
  readonly #flows: Flows<OpenScope>;
  readonly #mishaps: Mishaps;
  readonly #ids: () => IdSeries;

  /** @param ids Gives what ids are made by; asked for the first id. */
  constructor(buffer: TraceBuffer, flows: Flows<OpenScope>, mishaps: Mishaps, ids: () => IdSeries) {
    this.#buffer = buffer;
    this.#flows = flows;
    this.#mishaps = mishaps;
    this.#ids = ids;
  }

  /** The 16 hex characters of a scope's span. */
  spanIdOf(scope: OpenScope): string {
    return spanIdText(this.#ids(), scope.number);
  }

  /** The 32 hex characters of the trace that the scope of this number began. */
  traceIdOf(root: number): string {
    return traceIdText(this.#ids(), root);
  }

  /** A scope's trace context; of zeros once its span has left the buffer. */
  traceparentOf(scope: OpenScope): string {
    const { open, ring, foreign } = this.#buffer;
    const root = scope.slot >= 0
      ? open.numbers[scope.slot * OPEN_NUMBERS + OPEN_ROOT]
      : ring.rootOf(scope.number);
    if (root < 0) {
      const context = foreign.get(root);
      return context === undefined
        ? NO_CONTEXT
        : formatTraceparent(context.traceId, this.spanIdOf(scope), context.flags);
    }
    if (root !== root) return NO_CONTEXT;
    const traceId = traceIdText(this.#ids(), root === 0 ? scope.number : root);
    return formatTraceparent(traceId, this.spanIdOf(scope));
  }

  /** The trace context of what is innermost: outside any scope the session's, and without a session that of nothing. */
  context(): string {
    const frame = this.#flows.current();
    const scope = frame.innermost();
    const parent = scope === null ? frame.surroundings?.outermost(this.#flows) ?? null : null;
    if (parent !== null) return this.#contextOf(parent);
    const outer = scope ?? this.#buffer.session;
    return outer === null ? NO_CONTEXT : this.traceparentOf(outer);
  }

  #contextOf({ remote, number, root }: OutermostParent): string {
    return formatTraceparent(
      remote === null ? this.traceIdOf(root) : remote.traceId,
      remote === null || number > 0 ? spanIdText(this.#ids(), number) : remote.spanId,
      remote?.flags,
    );
  }

  /** Open scopes from the calling flow's innermost outwards, the session's root included. */
  depth(): number {
    let depth = this.#buffer.session === null ? 0 : 1;
    for (let scope = this.#flows.current().innermost(); scope !== null;) {
      depth++;
      scope = scope.frame === null ? null : scope.frame.outwards(scope);
    }
    return depth;
  }

  /** Adds attributes to a scope's. */
  set(scope: OpenScope, attrs: Record<string, unknown>): void {
    if (scope.slot < 0) {
      this.#mishaps.dropChange("set", scope);
      return;
    }
    checkAttrs(attrs, "set", scope.name);
    // A new object each time: a copy of the buffer may share the one that is there.
    const before = scope.attrs;
    const after = before === undefined ? copyAttrs(attrs) : mergeAttrs(before, attrs);
    if (scope.slot >= 0) scope.attrs = after; // a getter may have ended it
  }

  /** Gives a scope the attribute `error`. */
  noteError(scope: OpenScope, error: unknown): void {
    if (scope.slot < 0) this.#mishaps.dropChange("fail", scope);
    else scope.attrs = { ...scope.attrs, error: describeError(error) };
  }

  /** Gives a scope another name. */
  rename(scope: OpenScope, name: string): void {
    checkName(name, "rename scope");
    if (scope.slot < 0) this.#mishaps.dropChange("rename", scope);
    else scope.name = cutText(name);
  }

  /** Runs a function as a flow in a scope. */
  runIn<T>(scope: OpenScope, fn: (scope: Scope) => T): T {
    if (typeof fn !== "function") {
      throw new TypeError(`Cannot run in scope ${quote(scope.name)}: expected a function, got ${kindOf(fn)}`);
    }
    if (scope.slot < 0) return fn(scope); // nothing hangs on a scope that has ended
    this.#flows.open();
    return this.#flows.run(this.#flows.begin(scope), fn, scope);
  }
}
