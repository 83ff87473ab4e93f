/**
 * The environment that `cirron run` gives to what it starts.
 *
 * @module
 */
import { randomHex } from "../data/ids.ts";
import { formatTraceparent, parseTraceparent } from "../data/trace_context.ts";
import { node } from "../runtime/builtins.ts";
import { environmentContext, outputDirectory, RECORD_VARIABLE } from "../session/environment.ts";

/** See the module. */
export interface RunEnvironment {
  readonly env: Readonly<Record<string, string>>;
  /** The trace that all sessions of the command belong to. */
  readonly traceId: string;
  /** The folder of all runs. */
  readonly directory: string;
}

/** @param output Where the folder of all runs goes; undefined for where it goes by itself. */
export function runEnvironment(output: string | undefined): RunEnvironment {
  // Absolute: what is started may go elsewhere.
  const parent = node.path.resolve(output ?? outputDirectory());
  // In a trace already, as of a build or a job: its sessions belong there.
  const given = environmentContext() ?? "";
  const context = parseTraceparent(given);
  const traceId = context?.traceId ?? randomHex(32);
  return {
    env: {
      [RECORD_VARIABLE]: "journal",
      CIRRON_OUTPUT_DIR: parent,
      TRACEPARENT: context === null ? formatTraceparent(traceId, randomHex(16)) : given,
    },
    traceId,
    directory: node.path.join(parent, "journal"),
  };
}
