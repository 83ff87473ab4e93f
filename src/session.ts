/**
 * What a session's root span says about the process.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { areGranted } from "./permissions.ts";
import type { Attrs } from "./rows.ts";

/** Name of a session's root span. */
export const SESSION_NAME = "cirron.session";

/** Attributes of the root span. Reads the environment only where that is permitted, and from it only ids. */
export function sessionAttrs(): Attrs {
  return { pid: node.process.pid, rank: 0, ...runtime(), device: null, ...environment() };
}

function runtime(): Attrs {
  const { versions } = node.process;
  if (versions.bun !== undefined) return { runtime: "bun", runtime_version: versions.bun };
  if (versions.deno !== undefined) return { runtime: "deno", runtime_version: versions.deno };
  return { runtime: "node", runtime_version: versions.node };
}

// CIRRON_RUN_ID and its like identify the run; CIRRON_API_KEY and its like are nobody's business.
const ID_VARIABLE = /^CIRRON_(\w+_)?ID$/;

function environment(): Attrs {
  const attrs: Attrs = {};
  if (!areGranted("env")) return attrs;
  const { env } = node.process;
  for (const name of Object.keys(env)) {
    if (ID_VARIABLE.test(name)) attrs[name.toLowerCase()] = env[name] ?? null;
  }
  const rank = Number(env.RANK || NaN); // as torchrun and its peers set it
  if (Number.isSafeInteger(rank) && rank >= 0) attrs.rank = rank;
  return attrs;
}
