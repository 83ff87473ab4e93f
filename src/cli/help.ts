/**
 * The texts of `--help`.
 *
 * @module
 */
import type { OptionSpec } from "./argument_spec.ts";
import type { Command, CommandEntry } from "./command.ts";
import { COMMANDS } from "./commands.ts";

const EXIT_TEXT = "Exit code: 0 fine, 1 nothing found, 2 wrong usage or failure.";

/** The help of the program. */
export function programHelp(): string {
  return `cirron: looks at what @cirron/sdk recorded

cirron COMMAND [DIRECTORY...] [OPTIONS]

Commands:
${aligned(COMMANDS.map(({ name, about }) => [name, about]))}

${DIRECTORY_TEXT}
"cirron COMMAND --help" has a command's options and three examples.
${EXIT_TEXT}
`;
}

const DIRECTORY_TEXT = "Without a DIRECTORY, .cirron/spool is read, or spool in $CIRRON_OUTPUT_DIR.";

/** The help of a command. */
export function commandHelp(
  { name, about }: CommandEntry,
  command: Command,
  common: readonly OptionSpec[],
): string {
  const { operands, details, options, examples } = command;
  const words = command.isCommandLine ? ["[OPTIONS]", operands] : [operands, "[OPTIONS]"];
  const usage = ["cirron", name, ...words].filter(word => word !== "").join(" ");
  const rows = [...options, ...common].map((option): [string, string] => [optionText(option), option.about]);
  const lines = [
    `cirron ${name}: ${about}`,
    "",
    usage,
    ...(details === undefined ? [] : ["", details]),
    "",
    "Options:",
    aligned(rows),
    "",
    "Examples:",
    ...examples.flatMap(({ line, about: why }) => [`  # ${why}`, `  ${line}`]),
    "",
    ...(operands.includes("DIRECTORY") ? [DIRECTORY_TEXT] : []),
    EXIT_TEXT,
  ];
  return `${lines.join("\n")}\n`;
}

function optionText({ name, short, value }: OptionSpec): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function aligned(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
