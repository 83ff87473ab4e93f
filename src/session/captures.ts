/**
 * Captures: functions whose scopes and marks go to a recorder of their own, across every await.
 *
 * @module
 */
import type { AsyncLocalStorage } from "node:async_hooks";
import type { Snapshot } from "../data/snapshot.ts";
import { NO_CONTEXT } from "../data/trace_context.ts";
import type { Recorder } from "../record/recorder.ts";
import type { Recording } from "../record/recording.ts";
import { node } from "../runtime/builtins.ts";
import { type CollectionWatch, whenCollected } from "../runtime/host_calls.ts";

/** What one function records. */
export interface Capture {
  /** Runs it: what it opens and marks, and whatever it leaves running, is recorded here and nowhere else. */
  run<T>(fn: () => T): T;
  /** Copies the newest closed spans out, and the open ones if asked. */
  read(last: number, open: boolean): Snapshot;
}

/** What the flows of one capture hold: nobody else does, so it is gone when they are. */
interface Flow {
  readonly recording: Recording;
}

/** The captures of one engine. */
export class Captures {
  /** Where a call goes that is made in no capture. */
  readonly #otherwise: () => Recording;
  readonly #onCount: () => void;
  // Made for the first capture: until then, and when the last is gone, nobody asks for it.
  #storage: AsyncLocalStorage<Flow> | null = null;
  #gone: CollectionWatch<undefined> | null = null;
  #count = 0;

  /** @param onCount Called when there is a first capture, and when there is none any more. */
  constructor(otherwise: () => Recording, onCount: () => void) {
    this.#otherwise = otherwise;
    this.#onCount = onCount;
  }

  /**
   * Asks for each call in whose flow it is made; null if there is no flow left that a capture began. What a captured function
   * left running may record long after it has returned.
   */
  get recording(): Recording | null {
    return this.#count === 0 ? null : this.#dispatching;
  }

  /** Runs `fn` in a flow that records there. */
  run<T>(recorder: Recorder, fn: () => T): T {
    this.#storage ??= new node.asyncHooks.AsyncLocalStorage<Flow>();
    this.#gone ??= whenCollected(() => {
      if (--this.#count === 0) this.#onCount();
    });
    const flow: Flow = { recording: recorder };
    this.#gone.register(flow, undefined);
    if (this.#count++ === 0) this.#onCount();
    return this.#storage.run(flow, fn);
  }

  readonly #dispatching: Recording = {
    scope: (name, second, third, parent) => this.#here().scope(name, second, third, parent),
    mark: (name, value, options, scope) => this.#here().mark(name, value, options, scope),
    loopRecorder: () => this.#here().loopRecorder(),
    streamRecorder: () => this.#here().streamRecorder?.() ?? null,
    spanRecorder: () => this.#here().spanRecorder?.() ?? null,
    current: () => this.#here().current?.() ?? null,
    context: () => this.#here().context?.() ?? NO_CONTEXT,
  };

  #here(): Recording {
    return this.#storage!.getStore()?.recording ?? this.#otherwise();
  }
}
