/**
 * What is measured, written once for both runtimes. Each case does its work `INNER` times per call, because a single
 * scope is shorter than the step of a runtime's own timer.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, openClock } from "../src/clock.ts";
import { BATCHES, loop } from "../src/loops.ts";
import type { Recording } from "../src/no_recording.ts";
import type { CounterOptions } from "../src/probes.ts";
import { Engine } from "../src/profiler.ts";
import type { Scope, ScopeFunction, ScopeOptions } from "../src/recorder.ts";

/** How often a case does its work per call. */
export const INNER = 1000;

/** One measured piece of work. */
export interface Case {
  readonly group: "floor" | "ours";
  readonly name: string;
  /** Does the work `INNER` times. */
  readonly run: () => void;
}

let blackHole = 0;

function times(work: () => void): () => void {
  return () => {
    for (let i = 0; i < INNER; i++) work();
  };
}

/** Everything there is to measure. */
export function cases(): Case[] {
  // One clock for all: a process has one, and Deno's fast path for FFI is taken only where a call site sees one.
  const clock = openClock();
  const cpu = clock.cpu.process;
  const storage = new AsyncLocalStorage<object>();
  const store = {};
  const result: Case[] = [
    { group: "floor", name: "empty call", run: times(empty) },
    {
      group: "floor",
      name: "two clock reads",
      run: times(() => void (blackHole += clock.nowNs() + clock.nowNs())),
    },
    {
      group: "floor",
      name: "performance.now() twice",
      run: times(() => void (blackHole += performance.now() + performance.now())),
    },
    { group: "floor", name: "AsyncLocalStorage.run", run: times(() => storage.run(store, empty)) },
  ];
  if (cpu.ok) {
    result.push({
      group: "floor",
      name: "CPU clock read",
      run: times(() => void (blackHole += cpu.value())),
    });
  }

  const wall = session(clock, { cpu: false });
  const small = session(clock, { cpu: false }, 10);
  const withCpu = session(clock, {});
  const off = new Engine({ clock });
  off.profile({ enabled: false });
  result.push(
    { group: "ours", name: "scope + end, wall only", run: times(() => open(wall, "step").end()) },
    { group: "ours", name: "scope + end, with cpu", run: times(() => open(withCpu, "step").end()) },
    {
      group: "ours",
      name: "using, wall only",
      run: times(() => {
        using _step = open(wall, "step");
      }),
    },
    { group: "ours", name: "callback scope, wall only", run: times(() => runIn(wall, "step", empty)) },
    {
      group: "ours",
      name: "mark",
      // In scopes of 1000 marks, so that their own bound is not reached, and few of them, so that the buffer does not
      // grow through the run.
      run: () => {
        const scope = open(small, "step");
        for (let i = 0; i < INNER; i++) small.mark("loss", i, undefined, null);
        scope.end();
      },
    },
    {
      group: "ours",
      name: "one turn of batches",
      run: () => {
        for (const i of loop(() => wall.loopRecorder(), BATCHES, INNER) as Iterable<number>) {
          blackHole += i;
        }
      },
    },
    {
      group: "ours",
      name: "scope + end, enabled: false",
      run: times(() => open(off.recording, "step").end()),
    },
  );
  return result;
}

function session(clock: Clock, counters: CounterOptions, traceBufferMaxSpans?: number): Recording {
  const engine = new Engine({ clock });
  engine.profile({ output: "none", counters, traceBufferMaxSpans });
  return engine.recording;
}

// As the public `scope` does it.
function open(recording: Recording, name: string, options?: ScopeOptions): Scope {
  return recording.scope(name, options, undefined, null) as Scope;
}

function runIn(recording: Recording, name: string, fn: ScopeFunction): unknown {
  return recording.scope(name, fn, undefined, null);
}

function empty(): void {}

/** Keeps the engine from leaving work out whose result nobody reads. */
export function consumed(): number {
  return blackHole;
}
