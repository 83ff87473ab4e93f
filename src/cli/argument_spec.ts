/**
 * What the arguments of a command may be.
 *
 * @module
 */

/** An option of a command. */
export interface OptionSpec {
  /** Its name without the dashes. */
  readonly name: string;
  /** One letter for the same. */
  readonly short?: string;
  /** What stands for its value in the help, as `N`; without, it is a flag. */
  readonly value?: string;
  /** The values that there are, if those are few. */
  readonly choices?: readonly string[];
  /** What it does: a line of the help. */
  readonly about: string;
}

/** What a command may be given. */
export interface ArgumentSpec {
  /** What may follow its name besides options, as `[DIRECTORY...]`; empty for nothing. */
  readonly operands: string;
  /** The most operands; left out, any number. */
  readonly mostOperands?: number;
  /** Whether the first operand is another command, and all that follows that command's. */
  readonly isCommandLine?: boolean;
  /** Words that its first operand is one of. */
  readonly choices?: readonly string[];
  readonly options: readonly OptionSpec[];
}

/** Called in a wrong way. */
export class UsageError extends Error {}

/** The option by which a command answers in JSON. */
export const JSON_OPTION: OptionSpec = { name: "json", about: "answer in JSON, for programs" };
