/**
 * What a command reads and writes of the world; tests put another in place.
 *
 * @module
 */
import { writeToStderr, writeToStdout } from "../runtime/standard_streams.ts";
import { isStderrTerminal, stdoutColumns, stdoutTerminal, type Terminal } from "../runtime/terminal.ts";
import type { Progress } from "./progress.ts";

/** Where a command writes to. */
export interface Io {
  /**
   * Writes to stdout.
   * @throws {ReaderGone} If nobody reads it any more.
   */
  readonly write: (content: string | Uint8Array) => void;
  /** Writes a line to stderr. */
  readonly complain: (line: string) => void;
  /** How to write to stdout for eyes; null if it is no terminal. */
  readonly terminal: () => Terminal | null;
  /** How many characters a line of that terminal has; infinite where that is not known. */
  readonly columns: () => number;
  /** Where to say how far a command has come; null if nobody looks. */
  readonly progress: () => Promise<Progress | null>;
  /**
   * Has the desktop open a file.
   * @throws {Error} If it cannot.
   */
  readonly openFile: (path: string) => Promise<void>;
}

/** The program's own. */
export const PROGRAM_IO: Io = {
  write: writeToStdout,
  complain: line => writeToStderr(`${line}\n`),
  terminal: stdoutTerminal,
  columns: stdoutColumns,
  progress: async () => {
    if (!isStderrTerminal()) return null;
    const [{ Progress }, { openClock }] = await Promise.all([
      import("./progress.ts"),
      import("../meters/clock.ts"),
    ]);
    const { nowNs } = openClock();
    return new Progress(writeToStderr, () => nowNs() / 1e6);
  },
  openFile: async path => {
    const { openFile } = await import("../runtime/launch.ts");
    await openFile(path);
  },
};
