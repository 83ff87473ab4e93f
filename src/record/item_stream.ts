/**
 * `stream`: an iterable of the same items, with a scope around each iteration that counts them.
 *
 * @module
 */
import { isOptions, kindOf, quote } from "../data/arguments.ts";
import { checkOptionNames } from "../data/option_names.ts";
import type { MarkValue } from "../data/values.ts";
import { checkIndex, checkName, copyOptionalAttrs } from "./checks.ts";
import { type Iterating, iteratorOf } from "./iterators.ts";
import type { OpenScope } from "./open_scope.ts";
import type { MarkOptions, ScopeOptions } from "./scope.ts";
import { type StreamRecorder, StreamScope } from "./stream_scope.ts";

/** Options of `stream()`. `null` is the same as leaving one out. */
export interface StreamOptions extends ScopeOptions {
  /**
   * What an item is called in the names of the marks: `"token"` makes `first_token_ns`, `token_count` and `tokens_per_s`, `"batch"`
   * makes `batches_per_s`.
   * @default "item"
   */
  unit?: string | null;
}

/** What a counted stream needs of the recorder. */
export interface ItemRecorder extends StreamRecorder {
  readonly clock: { readonly nowNs: () => number };
  /** Opens a scope that is innermost in a flow of its own. */
  openFlow(name: string, options: ScopeOptions): OpenScope;
  mark(name: string, value: MarkValue, options: MarkOptions | undefined, scope: OpenScope | null): void;
}

const OPTION_NAMES: readonly string[] = ["unit", "index", "attrs", "parent"];

const SUMMARY: MarkOptions = { kind: "summary" };

/**
 * The items of `source`, with a scope around each iteration; `source` itself where nothing is recorded.
 * @param recorder Asked at once and when an iteration starts; null to iterate without recording.
 * @throws {TypeError|RangeError} If `source` cannot be iterated, or an option is wrong.
 */
export function itemStream(
  recorder: () => ItemRecorder | null,
  name: string,
  source: unknown,
  options: StreamOptions = {},
): unknown {
  checkName(name, "stream");
  const { unit, scopeOptions } = checkOptions(name, options);
  const { [Symbol.asyncIterator]: iterateAsync, [Symbol.iterator]: iterate } = Object(source) as Iterating;
  if (typeof iterateAsync !== "function" && typeof iterate !== "function") {
    throw new TypeError(
      `Cannot stream ${quote(name)}: expected an iterable or an async iterable, got ${kindOf(source)}`,
    );
  }
  if (recorder() === null) return source;
  const items: Iterating = {};
  const follow = (begin: NonNullable<typeof iterate>, isAsync: boolean) => (): unknown => {
    const active = recorder();
    const start = (): Iterating => Reflect.apply(begin, source, []) as Iterating;
    if (active === null) return start();
    const scope = new ItemScope(active, active.openFlow(name, scopeOptions), unit);
    try {
      const iterator = iteratorOf(scope.run(start), scope, isAsync);
      scope.watch(iterator);
      return iterator;
    } catch (error) {
      scope.fail(error);
      throw error;
    }
  };
  // What the source offers is what is offered on, as loops do.
  if (typeof iterateAsync === "function") items[Symbol.asyncIterator] = follow(iterateAsync, true);
  if (typeof iterate === "function") items[Symbol.iterator] = follow(iterate, false);
  return items;
}

function checkOptions(
  name: string,
  options: StreamOptions,
): { readonly unit: string; readonly scopeOptions: ScopeOptions } {
  if (!isOptions(options)) {
    throw new TypeError(`Cannot stream ${quote(name)}: expected options, got ${kindOf(options)}`);
  }
  checkOptionNames(options, OPTION_NAMES, `stream ${quote(name)}`);
  const { index, attrs, parent } = options;
  const unit = options.unit ?? "item";
  if (typeof unit !== "string") {
    throw new TypeError(`Cannot stream ${quote(name)}: unit must be a string, got ${kindOf(unit)}`);
  }
  checkIndex(name, options);
  return { unit, scopeOptions: { index, parent, attrs: copyOptionalAttrs(attrs, "stream", name) } };
}

/** The scope of one iteration, which counts what comes out. */
class ItemScope extends StreamScope {
  readonly #recorder: ItemRecorder;
  readonly #unit: string;
  readonly #startNs: number;
  #firstNs = NaN;
  #lastNs = NaN;
  #count = 0;

  constructor(recorder: ItemRecorder, scope: OpenScope, unit: string) {
    super(recorder, scope);
    this.#recorder = recorder;
    this.#unit = unit;
    this.#startNs = recorder.clock.nowNs();
  }

  override item(): void {
    this.#lastNs = this.#recorder.clock.nowNs();
    if (this.#count++ === 0) this.#firstNs = this.#lastNs;
  }

  protected override finish(): void {
    const unit = this.#unit;
    const count = this.#count;
    if (count > 0) this.#mark(`first_${unit}_ns`, this.#firstNs - this.#startNs);
    this.#mark(`${unit}_count`, count);
    const seconds = (this.#lastNs - this.#startNs) / 1e9;
    if (seconds > 0) this.#mark(`${pluralOf(unit)}_per_s`, count / seconds);
  }

  #mark(name: string, value: number): void {
    this.#recorder.mark(name, value, SUMMARY, this.scope);
  }
}

function pluralOf(unit: string): string {
  if (/(?:s|x|z|ch|sh)$/.test(unit)) return `${unit}es`;
  return /[^aeiou]y$/.test(unit) ? `${unit.slice(0, -1)}ies` : `${unit}s`;
}
