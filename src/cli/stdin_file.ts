/**
 * A recording that comes in through stdin: `-` in place of a directory.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import { load, node } from "../runtime/builtins.ts";
import { onExit } from "../runtime/exit.ts";
import { isVariableReadable, isWritable } from "../runtime/permissions.ts";
import { readStdin } from "../runtime/standard_streams.ts";
import { UsageError } from "./argument_spec.ts";

/** What stands for stdin in place of a directory. */
export const STDIN_PATH = "-";

/** stdin in place of a directory, among what a command was given. */
export interface WithStdin {
  readonly operands: readonly string[];
  /** Removes what was made for it. */
  readonly remove: () => void;
}

/** What an Arrow stream begins with. */
const ARROW = 0xFF;

/**
 * stdin in a file, since reading goes to and fro in one: of the kind that its first byte says, a stream of a journal or a file of a spool.
 * @param isTerminal Whether somebody would have to type it.
 * @throws {CirronError} If there is nothing in it, or no file can be made for it.
 */
export function withStdin(operands: readonly string[], isTerminal: boolean): WithStdin {
  if (isTerminal) {
    throw new UsageError("- reads a recording from stdin, which is a terminal: give a directory");
  }
  const { fs, path: { join } } = node;
  const parent = temporaryFolder();
  if (!isWritable(parent)) {
    throw new CirronError(
      `Cannot read stdin: Deno needs --allow-read=${parent} --allow-write=${parent} for it`,
    );
  }
  const bytes = readStdin();
  if (bytes.length === 0) throw new CirronError("Cannot read stdin: there is nothing in it");
  const folder = fs.mkdtempSync(join(parent, "cirron-"));
  const clear = () => fs.rmSync(folder, { recursive: true, force: true });
  const forget = onExit(clear);
  const path = join(folder, bytes[0] === ARROW ? "spans.arrow" : "stdin.json");
  fs.writeFileSync(path, bytes);
  return {
    operands: operands.map(operand => operand === STDIN_PATH ? path : operand),
    remove: () => {
      forget();
      clear();
    },
  };
}

/** Where temporary files lie, without asking for a variable that Deno would have to permit. */
function temporaryFolder(): string {
  const isKnown = ["TMPDIR", "TMP", "TEMP"].every(isVariableReadable);
  return isKnown ? load<typeof import("node:os")>("node:os").tmpdir() : "/tmp";
}
