/**
 * Everything by which the host calls us, later and unasked: timers, hooks and listeners. What fails in one is counted and
 * goes no further. The test of the floors sees to it that no other file installs any.
 *
 * @module
 */
import { node } from "./builtins.ts";

declare const SAFE: unique symbol;

/** A function of ours that never throws: only `guarded` makes one. */
export type HostCall<A extends unknown[] = []> = ((...given: A) => void) & { readonly [SAFE]: true };

/** A timer of the runtime's. */
export type Timer = ReturnType<typeof node.timers.setInterval>;

let failureCount = 0;

/** Times that something of ours failed in a timer, a hook or a listener. */
export function hostCallFailures(): number {
  return failureCount;
}

/** Makes of `run` what the host may call. */
export function guarded<A extends unknown[]>(run: (...given: A) => void): HostCall<A> {
  return ((...given: A): void => {
    try {
      run(...given);
    } catch {
      failureCount++; // without a word: at the end of a program, stderr is its own
    }
  }) as HostCall<A>;
}

/** Does a part of ours in a function of the host's that we stand in for. Gives `otherwise` if it fails. */
export function attempt<T>(run: () => T, otherwise: T): T {
  try {
    return run();
  } catch {
    failureCount++;
    return otherwise;
  }
}

/** Runs `run` every `ms` milliseconds; does not keep the process alive. */
export function every(ms: number, run: () => void): Timer {
  return node.timers.setInterval(guarded(run), ms).unref();
}

/** Ends what `every` or `later` started. */
export function stopTimer(timer: Timer): void {
  node.timers.clearInterval(timer);
}

/** Runs `run` in `ms` milliseconds; does not keep the process alive. */
export function later(ms: number, run: () => void): Timer {
  return node.timers.setTimeout(guarded(run), ms).unref();
}

/** Runs `run` in `ms` milliseconds; keeps the process alive until then. */
export function after(ms: number, run: () => void): void {
  node.timers.setTimeout(guarded(run), ms);
}

/** An immediate of the runtime's. */
export type Immediate = ReturnType<typeof node.timers.setImmediate>;

/** Runs `run` in the next turn of the event loop; keeps the process alive until then. */
export function soon(run: () => void): Immediate {
  return node.timers.setImmediate(guarded(run));
}

/** Takes `soon` back. */
export function cancelSoon(immediate: Immediate): void {
  node.timers.clearImmediate(immediate);
}

/** Runs `run` when the code that is running has returned. */
export function afterwards(run: () => void): void {
  queueMicrotask(guarded(run));
}

/** Adds a listener behind those that are there. */
export function listen<A extends unknown[]>(
  emitter: { on(event: never, listener: never): unknown },
  event: string,
  listener: HostCall<A>,
): void {
  emitter.on(event as never, listener as never);
}

/** Adds a listener before those that are there. */
export function listenFirst<A extends unknown[]>(
  emitter: { prependListener(event: never, listener: never): unknown },
  event: string,
  listener: HostCall<A>,
): void {
  emitter.prependListener(event as never, listener as never);
}

/** Adds a listener to an event of the global object, where there are such. */
export function listenGlobally(event: string, listener: HostCall): void {
  globalThis.addEventListener?.(event, listener);
}

/** Adds a listener to a signal in Deno's own way. */
export function listenToSignal(
  owner: { addSignalListener(signal: string, listener: () => void): void },
  signal: string,
  listener: HostCall,
): void {
  owner.addSignalListener(signal, listener);
}

/** What is known of objects once they are gone. */
export type CollectionWatch<T> = FinalizationRegistry<T>;

/** Runs `run` with what the watch keeps for an object, some time after that has been collected. */
export function whenCollected<T>(run: (kept: T) => void): CollectionWatch<T> {
  return new FinalizationRegistry(guarded(run));
}
