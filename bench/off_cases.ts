/**
 * What `profile({ enabled: false })` leaves, through the public functions: one call, whatever is asked.
 *
 * @module
 */
import * as ci from "../mod.ts";
import type { Case, Group, Target } from "./case.ts";
import { consume, INNER } from "./recording_cases.ts";

/** Groups of this file. */
export const offGroups: readonly Group[] = [{ name: "enabled: false", cases: offCases }];

const TARGET: Target = { of: { "empty call": 3 } };

function offCases(): Case[] {
  ci.profile({ enabled: false });
  // A function that does nothing, behind a body too long to be inlined: an engine leaves nothing of an empty call that it
  // can inline, and what a call costs is what is compared.
  const emptyCall = new Function("name", `if (name === 0) { ${"name++;".repeat(500)} }`) as (
    name: string,
  ) => void;
  return [
    {
      name: "empty call",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) emptyCall("step");
      },
    },
    {
      name: "scope + end, enabled: false",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) ci.scope("step").end();
      },
      target: TARGET,
    },
    {
      name: "callback scope, enabled: false",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) ci.scope("step", empty);
      },
      target: TARGET,
    },
    {
      name: "mark, enabled: false",
      pieces: INNER,
      run: () => {
        for (let i = 0; i < INNER; i++) ci.mark("loss", i);
      },
      target: TARGET,
    },
    {
      name: "one turn of batches, enabled: false",
      pieces: INNER,
      run: () => {
        let sum = 0;
        for (const i of ci.batches(INNER)) sum += i;
        consume(sum);
      },
      target: TARGET,
    },
  ];
}

function empty(): void {}
