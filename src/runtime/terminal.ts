/**
 * What stdout is. Asked without permission, and so without a prompt.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { isVariableReadable } from "./permissions.ts";
import { deno } from "./which.ts";

/** A stdout that somebody looks at. */
export interface Terminal {
  /** Whether to write colours. */
  readonly colors: boolean;
}

/**
 * How to write to stdout for eyes; null if nobody is looking, but a file or another program. `FORCE_COLOR` makes a terminal
 * of anything and goes before `NO_COLOR`, as with the `console` of Deno, Bun and Node; `FORCE_COLOR=0` is against colours.
 */
export function stdoutTerminal(): Terminal | null {
  const forced = variable("FORCE_COLOR");
  const isAgainst = forced === "0" || forced === "false";
  if (forced !== "" && !isAgainst) return { colors: true };
  if (!isTerminal()) return null;
  return { colors: !isAgainst && variable("NO_COLOR") === "" && variable("TERM") !== "dumb" };
}

interface DenoStdout {
  isTerminal(): boolean;
}

function isTerminal(): boolean {
  try {
    return deno<{ stdout?: DenoStdout }>()?.stdout?.isTerminal() ?? node.tty.isatty(1);
  } catch {
    return false; // closed, or it cannot be told
  }
}

/** A variable's value; empty if there is none or it must not be read. */
function variable(name: string): string {
  // The two variables about colours are free: Deno lets any program read them, for npm packages that all do.
  return name === "TERM" && !isVariableReadable(name) ? "" : node.process.env[name] ?? "";
}
