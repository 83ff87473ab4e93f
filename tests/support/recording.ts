/**
 * Helpers of the recording tests: deferred work, garbage collection, and the insides of a handle.
 *
 * @module
 */
import process from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { TraceDict, TraceNode } from "../../src/data/values.ts";
import type { OpenScope } from "../../src/record/open_scope.ts";
import type { Scope } from "../../src/record/scope.ts";

/** A handle as the recorder sees it. */
export function inside(scope: Scope): OpenScope {
  return scope as OpenScope;
}

/** All nodes of a trace, parents before children. */
export function allNodes(dict: TraceDict): TraceNode[] {
  const nodes: TraceNode[] = [];
  const stack = [...dict.roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node);
    stack.push(...node.children.toReversed());
  }
  return nodes;
}

/** The one node of that name. */
export function nodeNamed(dict: TraceDict, name: string): TraceNode {
  const found = allNodes(dict).filter(node => node.name === name);
  if (found.length !== 1) throw new Error(`Expected one span "${name}", found ${found.length}`);
  return found[0];
}

/** Runs a macrotask later, in the caller's context. */
export function nextTask(): Promise<void> {
  return new Promise(resolve => void setTimeout(resolve, 0));
}

/** Collects garbage for good: weak references die between tasks only. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await nextTask();
    overwriteStack(100);
    collect();
  }
  await nextTask();
}

// Bun's collector takes whatever lies on the stack for a reference, what returned calls have left there too.
function overwriteStack(depth: number): number {
  const [a, b, c, d] = [depth, depth + 1, depth + 2, depth + 3];
  return depth === 0 ? 0 : overwriteStack(depth - 1) + a + b + c + d;
}

const collect: () => void = findCollector();

function findCollector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (process.versions.bun !== undefined && Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
