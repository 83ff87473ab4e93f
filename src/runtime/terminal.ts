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
  if (!isTerminal(STDOUT)) return null;
  return { colors: !isAgainst && variable("NO_COLOR") === "" && variable("TERM") !== "dumb" };
}

/** How many characters a line of the terminal at stdout has; infinite where that is not known. */
export function stdoutColumns(): number {
  try {
    const size = deno<{ consoleSize?(): { columns: number } }>()?.consoleSize?.();
    return (size?.columns ?? node.process.stdout.columns) || Infinity;
  } catch {
    return Infinity; // no terminal
  }
}

/** The size of the terminal at stdout in characters; 80 x 24 where that is not known. */
export function stdoutSize(): { readonly columns: number; readonly lines: number } {
  try {
    // Asked each time: what a runtime keeps of it may be older than the last change.
    const size = deno<{ consoleSize?(): { columns: number; rows: number } }>()?.consoleSize?.();
    if (size !== undefined && size.columns > 0) return { columns: size.columns, lines: size.rows };
    const stdout = node.process.stdout as unknown as { getWindowSize?(): [number, number] };
    const [columns, lines] = stdout.getWindowSize?.() ?? [0, 0];
    if (columns > 0) return { columns, lines };
  } catch {
    // no terminal
  }
  return { columns: 80, lines: 24 };
}

/** Whether somebody looks at stderr, on a terminal that takes a line back. */
export function isStderrTerminal(): boolean {
  return isTerminal(STDERR) && variable("TERM") !== "dumb";
}

const STDOUT = 1;
const STDERR = 2;

interface DenoStream {
  isTerminal(): boolean;
}

function isTerminal(descriptor: typeof STDOUT | typeof STDERR): boolean {
  try {
    const streams = deno<{ stdout?: DenoStream; stderr?: DenoStream }>();
    const stream = descriptor === STDOUT ? streams?.stdout : streams?.stderr;
    return stream?.isTerminal() ?? node.tty.isatty(descriptor);
  } catch {
    return false; // closed, or it cannot be told
  }
}

/** A variable's value; empty if there is none or it must not be read. */
function variable(name: string): string {
  // The two variables about colours are free: Deno lets any program read them, for npm packages that all do.
  return name === "TERM" && !isVariableReadable(name) ? "" : node.process.env[name] ?? "";
}
