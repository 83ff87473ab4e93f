/**
 * What recording costs, beside the floors that it stands on. A case does its work `INNER` times per call, because a single
 * scope is shorter than the step of a runtime's own timer, and in a loop of its own: a loop that several share calls what it
 * cannot inline.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { CounterOptions } from "../src/data/counters.ts";
import { BATCHES, loop } from "../src/record/loops.ts";
import type { Recording } from "../src/record/recording.ts";
import type { Scope, ScopeFunction } from "../src/record/scope.ts";
import { Engine } from "../src/session/engine.ts";
import type { Case, Group } from "./case.ts";
import { clock } from "./clock.ts";

/** How often a case does its work per call. */
export const INNER = 1000;

const APART = 20;
const APART_NS = 100_000;

const READINGS = { "two clock reads": 1 };

let blackHole = 0;

/** Keeps the engine from leaving work out whose result nobody reads. */
export function consume(value: number): void {
  blackHole += value;
}

/** Groups of this file. */
export const recordingGroups: readonly Group[] = [
  { name: "scope", cases: scopeCases },
  { name: "cpu", cases: cpuCases },
  { name: "cpu 100 us apart", cases: apartCases },
  { name: "callback scope", cases: callbackCases },
  { name: "mark", cases: markCases },
  { name: "batches", cases: batchesCases },
  { name: "more forms", cases: moreCases },
];

function scopeCases(): Case[] {
  const wall = session({ cpu: false });
  const disposable = { [Symbol.dispose]: empty };
  return [
    twoClockReads(),
    {
      name: "using of an object that does nothing",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          using _nothing = disposable;
        }
      },
    },
    plainScope(wall, { target: { of: { "two clock reads": 1.6 } }, floor: READINGS }),
    {
      name: "using scope, wall only",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          using _step = open(wall, "step");
        }
      },
      target: { of: { "using of an object that does nothing": 1, "two clock reads": 1.6 } },
      floor: { "using of an object that does nothing": 1, ...READINGS },
    },
  ];
}

function cpuCases(): Case[] {
  const wall = session({ cpu: false });
  const cpu = session({});
  return [
    twoClockReads(),
    plainScope(wall),
    {
      name: "scope + end, with cpu",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) open(cpu, "step").end();
      },
      target: { of: { "scope + end, wall only": 2.5 } },
      floor: READINGS,
    },
  ];
}

function apartCases(): Case[] {
  const wall = session({ cpu: false });
  const withCpu = session({});
  const probe = clock.cpu.process;
  if (!probe.ok) throw new Error(probe.reason);
  const read = probe.value;
  const { nowNs } = clock;
  return [
    {
      name: "two clock reads, 100 us apart",
      pieces: APART,
      run: () => apart(() => consume(nowNs() + nowNs())),
    },
    { name: "CPU clock read, 100 us apart", pieces: APART, run: () => apart(() => consume(read())) },
    {
      name: "scope + end, wall only, 100 us apart",
      pieces: APART,
      run: () => apart(() => open(wall, "step").end()),
      floor: { "two clock reads, 100 us apart": 1 },
    },
    {
      name: "scope + end, with cpu, 100 us apart",
      pieces: APART,
      run: () => apart(() => open(withCpu, "step").end()),
      target: { of: { "scope + end, wall only, 100 us apart": 1, "CPU clock read, 100 us apart": 2.2 } },
      // One reading: the end's is less than `cpuCoalesceNs` later and carried forward.
      floor: { "two clock reads, 100 us apart": 1, "CPU clock read, 100 us apart": 1 },
    },
  ];
}

function callbackCases(): Case[] {
  const wall = session({ cpu: false });
  const storage = new AsyncLocalStorage<object>();
  const store = {};
  return [
    twoClockReads(),
    {
      name: "AsyncLocalStorage.run",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) storage.run(store, empty);
      },
    },
    plainScope(wall),
    {
      name: "callback scope, wall only",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) runIn(wall, "step", empty);
      },
      target: { of: { "AsyncLocalStorage.run": 1, "scope + end, wall only": 1.5 } },
      floor: { "AsyncLocalStorage.run": 1, ...READINGS },
    },
  ];
}

function markCases(): Case[] {
  // Few scopes, so that the buffer does not grow through the run.
  const small = session({ cpu: false }, 10);
  const { nowNs } = clock;
  return [
    {
      name: "one clock read",
      pieces: INNER,
      run: () => {
        let sum = 0;
        for (let i = 0; i < INNER; i++) sum += nowNs();
        consume(sum);
      },
    },
    {
      name: "mark, in a scope",
      pieces: INNER,
      // In scopes of 1000 marks, so that their own bound is not reached.
      run: () => {
        const scope = open(small, "step");
        for (let i = 0; i < INNER; i++) small.mark("loss", i, undefined, null);
        scope.end();
      },
      target: { of: { "one clock read": 2 } },
      floor: { "one clock read": 1 },
    },
  ];
}

function batchesCases(): Case[] {
  const wall = session({ cpu: false });
  return [
    twoClockReads(),
    {
      name: "one turn of batches",
      pieces: INNER,
      run: () => {
        let sum = 0;
        for (const i of loop(() => wall.loopRecorder(), BATCHES, INNER) as Iterable<number>) sum += i;
        consume(sum);
      },
      target: { of: { "two clock reads": 2 } },
      floor: READINGS,
    },
  ];
}

function moreCases(): Case[] {
  const wall = session({ cpu: false });
  return [
    twoClockReads(),
    {
      name: "scope + end with an attribute, wall only",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          (wall.scope("step", { attrs: { rows: i } }, undefined, null) as Scope).end();
        }
      },
      floor: READINGS,
    },
    {
      name: "await of an async function",
      pieces: INNER,
      run: async () => {
        for (let i = 0; i < INNER; i++) await emptyAsync();
      },
    },
    {
      name: "await of an async callback scope, wall only",
      pieces: INNER,
      run: async () => {
        for (let i = 0; i < INNER; i++) await runIn(wall, "step", emptyAsync);
      },
      floor: { "await of an async function": 1, ...READINGS },
    },
  ];
}

function twoClockReads(): Case {
  const { nowNs } = clock;
  return {
    name: "two clock reads",
    pieces: INNER,
    run: () => {
      let sum = 0;
      for (let i = 0; i < INNER; i++) sum += nowNs() + nowNs();
      consume(sum);
    },
  };
}

function plainScope(wall: Recording, held: Pick<Case, "target" | "floor"> = {}): Case {
  return {
    name: "scope + end, wall only",
    pieces: INNER,
    run: () => {
      for (let i = 0; i < INNER; i++) open(wall, "step").end();
    },
    ...held,
  };
}

// The time of the pieces alone; 100 us of other work before each, so nothing is carried forward or still in a cache.
function apart(work: () => void): number {
  const { nowNs } = clock;
  let tookNs = 0;
  for (let i = 0; i < APART; i++) {
    for (const until = nowNs() + APART_NS; nowNs() < until;);
    const begin = nowNs();
    work();
    const end = nowNs();
    tookNs += end - begin - (nowNs() - end); // less what reading the clock costs
  }
  return tookNs;
}

function session(counters: CounterOptions, traceBufferMaxSpans?: number): Recording {
  const engine = new Engine({ clock });
  engine.profile({ output: "none", counters: { gpu: false, ...counters }, traceBufferMaxSpans });
  return engine.recording;
}

// As the public `scope` does it.
function open(recording: Recording, name: string): Scope {
  return recording.scope(name, undefined, undefined, null) as Scope;
}

function runIn(recording: Recording, name: string, fn: ScopeFunction): unknown {
  return recording.scope(name, fn, undefined, null);
}

function empty(): void {}

async function emptyAsync(): Promise<void> {}
