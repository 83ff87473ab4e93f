/**
 * What a command reads and writes of the world; tests put another in place.
 *
 * @module
 */
import { writeToStderr, writeToStdout } from "../runtime/standard_streams.ts";
import { stdoutTerminal, type Terminal } from "../runtime/terminal.ts";

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
  openFile: async path => {
    const { openFile } = await import("../runtime/launch.ts");
    await openFile(path);
  },
};
