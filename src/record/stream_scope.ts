/**
 * The scope of a stream: open until the stream is over, and the flow in which its body runs.
 *
 * @module
 */
import { type CollectionWatch, whenCollected } from "../runtime/host_calls.ts";
import type { Flows } from "./flows.ts";
import type { OpenScope } from "./open_scope.ts";

/** What a stream's scope needs of the recorder. */
export interface StreamRecorder {
  readonly flows: Flows<OpenScope>;
  /** The streams whose scopes are open. */
  readonly streams: Set<StreamScope>;
  close(scope: OpenScope): void;
  /** Closes a scope with the attribute `error`. */
  fail(scope: OpenScope, error: unknown): void;
}

/** A scope that closes with a stream. It holds nothing of the stream, so that a stream nobody reads can be collected. */
export class StreamScope {
  protected readonly recorder: StreamRecorder;
  protected readonly scope: OpenScope;
  /** Readers that have begun and not ended: a stream may be one that can be read again. */
  #readerCount = 0;

  /** @param scope One that is innermost in a frame of its own. */
  constructor(recorder: StreamRecorder, scope: OpenScope) {
    this.recorder = recorder;
    this.scope = scope;
    recorder.streams.add(this);
  }

  /** Whether the scope has closed: from then on nobody looks at the stream. */
  get isOver(): boolean {
    return !this.scope.isOpen;
  }

  /** Runs a part of the stream's body in the scope's flow. */
  run<T>(fn: () => T): T {
    return this.recorder.flows.run(this.scope.frame!, fn as (_: undefined) => T, undefined);
  }

  /** Somebody begins to read. */
  begin(): void {
    this.#readerCount++;
  }

  /** An item has come out. */
  item(): void {}

  /** Somebody who began to read is no reader after all. */
  leaveOff(): void {
    this.#readerCount--;
  }

  /** A reader is through, or has had enough; the last one's end is the scope's. */
  end(): void {
    if (--this.#readerCount <= 0) this.stop();
  }

  /** Closes the scope. */
  stop(): void {
    this.#forget();
    if (this.isOver) return;
    this.finish();
    this.recorder.close(this.scope);
  }

  /** Closes the scope with the error that the stream threw. */
  fail(error: unknown): void {
    this.#forget();
    if (this.isOver) return;
    this.finish();
    this.recorder.fail(this.scope, error);
  }

  /** Notes that nobody has read the stream to its end, before all scopes are closed. */
  leave(): void {
    this.#forget();
    if (this.isOver) return;
    this.finish();
    noteAbandoned(this.scope);
  }

  /** Closes the scope of a stream that is gone, and what its body had left open. */
  abandon(): void {
    if (this.isOver) return this.#forget();
    const frame = this.scope.frame!;
    for (let top = frame.innermost(); top !== null && top.frame === frame && top !== this.scope;) {
      noteAbandoned(top);
      this.recorder.close(top);
      top = frame.innermost();
    }
    this.leave();
    this.recorder.close(this.scope);
  }

  /** Closes the scope once nothing can reach the stream any more. */
  watch(stream: object): void {
    collected ??= whenCollected(gone => gone.abandon());
    collected.register(stream, this, this);
  }

  /** What there is to note before the scope closes. */
  protected finish(): void {}

  #forget(): void {
    this.recorder.streams.delete(this);
    collected?.unregister(this);
  }
}

function noteAbandoned(scope: OpenScope): void {
  scope.attrs = { ...scope.attrs, abandoned: true };
}

let collected: CollectionWatch<StreamScope> | null = null;
