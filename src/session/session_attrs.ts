/**
 * What a session's root span says about the process.
 *
 * @module
 */
import type { Attrs } from "../data/values.ts";
import { node } from "../runtime/builtins.ts";
import { platformContext, rank } from "./environment.ts";

/** Attributes of the root span; `platform` is what identifies the run. */
export function sessionAttrs(platform: Record<string, string> = platformContext()): Attrs {
  const attrs: Attrs = { pid: node.process.pid, rank: rank(), ...runtimeAttrs(), device: null };
  for (const [name, id] of Object.entries(platform)) attrs[`cirron.${name}`] = id;
  return attrs;
}

/** Name and version of the runtime. */
export function runtimeAttrs(): { runtime: string; runtime_version: string } {
  const { versions } = node.process;
  if (versions.bun !== undefined) return { runtime: "bun", runtime_version: versions.bun };
  if (versions.deno !== undefined) return { runtime: "deno", runtime_version: versions.deno };
  return { runtime: "node", runtime_version: versions.node };
}
