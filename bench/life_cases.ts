/**
 * What is done with a scope while it is open, above a scope without it.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Recording } from "../src/record/recording.ts";
import type { Scope, ScopeOptions } from "../src/record/scope.ts";
import { Engine } from "../src/session/engine.ts";
import type { Case, Group } from "./case.ts";
import { clock } from "./clock.ts";
import { consume, INNER } from "./recording_cases.ts";

/** Groups of this file. */
export const lifeGroups: readonly Group[] = [{ name: "open scope", cases: lifeCases }];

const SCOPE = "scope + end, wall only";
const COPY = "copy of a literal of three values";

const REMOTE: ScopeOptions = { parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
const ROOT: ScopeOptions = { parent: null };
const PLAIN: ScopeOptions = {};

function lifeCases(): Case[] {
  const storage = new AsyncLocalStorage<object>();
  const store = {};
  const open = session();
  const scope = (options?: ScopeOptions): Scope => open.scope("step", options, undefined, null) as Scope;
  const running = scope();
  const held = scope({ parent: null });
  return [
    { name: SCOPE, pieces: INNER, run: () => times(() => scope().end()) },
    {
      name: COPY,
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          const literal = { status: 200, route: "/users", rows: i };
          consume({ ...literal }.rows);
        }
      },
    },
    {
      name: "scope, set() of three values, end",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          const step = scope();
          step.set({ status: 200, route: "/users", rows: i });
          step.end();
        }
      },
      target: { of: { [SCOPE]: 1, [COPY]: 1 }, plus: 150 },
      floor: { [SCOPE]: 1, [COPY]: 1 },
    },
    {
      name: "scope, rename(), end",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) {
          const step = scope();
          step.rename("GET /users/:id");
          step.end();
        }
      },
      floor: { [SCOPE]: 1 },
    },
    {
      name: "scope with an empty list of options + end",
      pieces: INNER,
      run: () => times(() => scope(PLAIN).end()),
      floor: { [SCOPE]: 1 },
    },
    {
      name: "scope with parent: null + end",
      pieces: INNER,
      run: () => times(() => scope(ROOT).end()),
      floor: { [SCOPE]: 1 },
    },
    {
      name: "scope with a traceparent + end",
      pieces: INNER,
      run: () => times(() => scope(REMOTE).end()),
      floor: { [SCOPE]: 1 },
    },
    { name: "Scope.traceparent", pieces: INNER, run: () => times(() => consume(running.traceparent.length)) },
    {
      name: "AsyncLocalStorage.run",
      pieces: INNER,
      run: () => times(() => storage.run(store, empty)),
    },
    {
      name: "Scope.run()",
      pieces: INNER,
      run: () => times(() => held.run(empty)),
      floor: { "AsyncLocalStorage.run": 1 },
    },
  ];
}

function times(work: () => void): void {
  for (let i = 0; i < INNER; i++) work();
}

function session(): Recording {
  const engine = new Engine({ clock });
  engine.profile({ output: "none", counters: { gpu: false, cpu: false } });
  return engine.recording;
}

function empty(): void {}
