/**
 * The command line: finds the command, and turns whatever it throws into one line and an exit code.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { printable } from "../data/printable.ts";
import { VERSION } from "../data/version.ts";
import { isProgram, programArguments, setExitCode } from "../runtime/program.ts";
import { isStdinTerminal, ReaderGone } from "../runtime/standard_streams.ts";
import { UsageError } from "./argument_spec.ts";
import { EXIT } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type Io, PROGRAM_IO } from "./io.ts";
import type { WithStdin } from "./stdin_file.ts";

/**
 * Does what `cirron` does when it is called with `args`, writing to this program's own stdout and stderr.
 *
 * @returns The exit code: 0 fine, 1 nothing found, 2 wrong usage or failure; of `run`, the command's. Never rejects.
 *
 * @example The version
 * ```ts
 * import { cirron } from "@cirron/sdk/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await cirron(["--version"]), 0);
 * ```
 */
export function cirron(args: readonly string[]): Promise<number> {
  return callCommand(args, PROGRAM_IO);
}

/** The same, writing to `io`. */
export async function callCommand(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    // Who pipes into `head` has what they wanted.
    if (error instanceof ReaderGone) return EXIT.fine;
    io.complain(`cirron: ${printable(error instanceof Error ? error.message : String(error))}`);
    return EXIT.failure;
  }
}

/**
 * Runs the program if the module that calls this is what was started.
 * @param isMain Its `import.meta.main`.
 * @param url Its `import.meta.url`.
 */
export function startIfProgram(isMain: boolean | undefined, url: string): void {
  if (isProgram(isMain, url)) void cirron(programArguments()).then(setExitCode);
}

const HELP = ["help", "--help", "-h"];
const VERSION_FLAGS = ["--version", "-V"];

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || (HELP.includes(name) && rest.length === 0)) {
    const { programHelp } = await import("./help.ts");
    io.write(programHelp());
    return EXIT.fine;
  }
  if (VERSION_FLAGS.includes(name)) {
    io.write(`cirron ${VERSION}\n`);
    return EXIT.fine;
  }
  // `cirron help tree` is `cirron tree --help`.
  return HELP.includes(name) ? await dispatch([rest[0], "--help"], io) : await call(name, rest, io);
}

async function call(name: string, args: readonly string[], io: Io): Promise<number> {
  const { COMMON_OPTIONS, nearestText, parseArguments } = await import("./option_values.ts");
  const entry = COMMANDS.find(one => one.name === name);
  if (entry === undefined) {
    const { OTHER_WORDS } = await import("./other_words.ts");
    const [what, nearest] = name.startsWith("-")
      ? ["option", nearestText(name.replace(/^-+/, ""), ["help", "version"], "--")]
      : ["command", nearestText(OTHER_WORDS.get(name) ?? name, COMMANDS.map(one => one.name))];
    throw new UsageError(`unknown ${what} ${quote(name)}, ${nearest}`);
  }
  const { command } = await entry.load();
  const { options, operands } = parseArguments(args, command);
  if (options.has("help")) {
    const { commandHelp } = await import("./help.ts");
    io.write(commandHelp(entry, command, COMMON_OPTIONS));
    return EXIT.fine;
  }
  const stdin = operands.includes("-") && command.operands.endsWith("[DIRECTORY...]")
    ? await readStdin(operands)
    : null;
  try {
    return await command.run({
      io,
      options,
      operands: stdin?.operands ?? operands,
      commands: COMMANDS,
      read: async (directories, last) => {
        const { readRecorded } = await import("./reading.ts");
        return readRecorded(directories, io, { progress: await io.progress(), last });
      },
    });
  } finally {
    stdin?.remove();
  }
}

async function readStdin(operands: readonly string[]): Promise<WithStdin> {
  const { withStdin } = await import("./stdin_file.ts");
  return withStdin(operands, isStdinTerminal());
}
