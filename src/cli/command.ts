/**
 * What a command is: its options, its examples, and what it does.
 *
 * @module
 */
import type { ArgumentSpec } from "./argument_spec.ts";
import type { Io } from "./io.ts";
import type { OptionValues } from "./option_values.ts";
import type { Recorded } from "./reading.ts";

/** What a command ends with. */
export const EXIT = {
  /** It did what was asked. */
  fine: 0,
  /** There was nothing of what was asked for. */
  nothing: 1,
  /** It was called in a wrong way, or could not do it. */
  failure: 2,
} as const;

/** A line that the help shows, and a test runs. */
export interface Example {
  readonly line: string;
  readonly about: string;
}

/** A call of a command. */
export interface Call {
  readonly io: Io;
  readonly options: OptionValues;
  /** What was given besides options, in order. */
  readonly operands: readonly string[];
  /** All commands. */
  readonly commands: readonly CommandEntry[];
  /**
   * Reads what the directories hold; without any, the one that `profile()` writes to by default. What reads is loaded by then, and
   * not for a help.
   * @param last How many sessions are asked for: of a journal no more runs are opened than have them. All if it is left out.
   * @throws {CirronError} If one is not there, or cannot be listed, or may not be read.
   */
  readonly read: (directories: readonly string[], last?: number) => Promise<Recorded>;
}

/** A command. What it says of itself in the list of all is in `commands.ts`. */
export interface Command extends ArgumentSpec {
  /** Three that a test runs. */
  readonly examples: readonly [Example, Example, Example];
  /** What the help says after its first line. */
  readonly details?: string;
  /**
   * Does it. Gives one of {@link EXIT}; what starts another command, what that ended with.
   * @throws {Error} If it cannot: whose message is shown, and nothing else.
   */
  readonly run: (call: Call) => number | Promise<number>;
}

/** A command in the list of all. */
export interface CommandEntry {
  readonly name: string;
  /** What it does, in a few words. */
  readonly about: string;
  /** Loads it. */
  readonly load: () => Promise<{ readonly command: Command }>;
}
