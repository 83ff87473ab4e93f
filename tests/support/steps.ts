/**
 * Steps that an algorithm takes, counted where it looks at what it was given: how they grow is the same on every machine, however
 * busy.
 *
 * @module
 */
import type { Snapshot } from "../../src/data/snapshot.ts";
import type { Tree } from "../../src/tree/tree.ts";

/** Counts. */
export interface Steps {
  count: number;
}

type Column = Record<string | symbol, unknown> & { readonly length: number };

/** A tree of which every read of an element is a step, and every method of a column as many as it has elements. */
export function countReads(tree: Tree, steps: Steps): Tree {
  const { snapshot } = tree;
  return {
    ...countColumns(tree, steps),
    snapshot: {
      ...countColumns(snapshot, steps),
      counters: countColumns(snapshot.counters, steps),
      marks: countColumns(snapshot.marks, steps),
    } as Snapshot,
  };
}

/** Times of which every comparison and every sum is a step: unlike reads, they are seen wherever an algorithm keeps them. */
export function countUses(times: Float64Array, steps: Steps): Float64Array {
  const counted = Array.from(times, time => ({
    valueOf(): number {
      steps.count++;
      return time;
    },
  }));
  return counted as unknown as Float64Array;
}

function countColumns<T extends object>(owner: T, steps: Steps): T {
  const isColumn = (value: unknown): value is Column => Array.isArray(value) || ArrayBuffer.isView(value);
  const counted = Object.entries(owner).map(([name, value]) =>
    isColumn(value) ? [name, countColumn(value, steps)] : [name, value]
  );
  return Object.fromEntries(counted) as T;
}

function countColumn(column: Column, steps: Steps): unknown {
  return new Proxy(column, {
    get(target, key) {
      const value = target[key];
      if (key === "length" || key === "constructor") return value;
      if (typeof value !== "function") {
        steps.count++;
        return value;
      }
      return (...args: unknown[]) => {
        steps.count += key === "at" ? 1 : target.length;
        return value.apply(target, args);
      };
    },
  });
}
