/**
 * `cirron completion`: scripts by which a shell completes commands, options and their values.
 *
 * @module
 */
import { type Command, EXIT } from "./command.ts";
import { COMMON_OPTIONS } from "./option_values.ts";

/** A command as a shell sees it. */
interface Completed {
  readonly name: string;
  readonly about: string;
  readonly command: Command;
}

const SCRIPTS: Readonly<Record<string, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** See the module. */
export const command: Command = {
  operands: "SHELL",
  mostOperands: 1,
  choices: Object.keys(SCRIPTS),
  details: `SHELL is bash, zsh or fish. To have it in every shell:
  bash  as ~/.local/share/bash-completion/completions/cirron
  zsh   as _cirron in a folder of $fpath
  fish  as ~/.config/fish/completions/cirron.fish`,
  options: [],
  examples: [
    { line: "cirron completion bash > cirron.bash", about: "to be sourced" },
    { line: "cirron completion zsh > _cirron", about: "for a folder of $fpath" },
    { line: "cirron completion fish > cirron.fish", about: "to be sourced" },
  ],
  run: async ({ io, operands: [shell], commands: entries }) => {
    const commands = await Promise.all(
      entries.map(async ({ name, about, load }) => ({ name, about, command: (await load()).command })),
    );
    io.write(SCRIPTS[shell](commands));
    return EXIT.fine;
  },
};

function optionsOf({ options }: Command) {
  return [...options, ...COMMON_OPTIONS];
}

function bashScript(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, command }) => {
    const words = [...optionsOf(command).map(option => `--${option.name}`), ...(command.choices ?? [])];
    return `    ${name}) words="${words.join(" ")}" ;;`;
  });
  const values = valueWords(commands).map(([option, words]) => `    ${option}) words="${words}" ;;`);
  return `# Completion of cirron in bash.
_cirron() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=""
  if ((COMP_CWORD == 1)); then
    words="${commands.map(({ name }) => name).join(" ")} --help --version"
  else case $before in
${values.join("\n")}
    *) case \${COMP_WORDS[1]} in
${cases.join("\n")}
    esac ;;
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _cirron cirron
`;
}

/** The values that an option has to choose from. */
function valueWords(commands: readonly Completed[]): [option: string, words: string][] {
  const words = new Map<string, string>();
  for (const { command } of commands) {
    for (const { name, choices } of command.options) {
      if (choices !== undefined) words.set(`--${name}`, choices.join(" "));
    }
  }
  return [...words];
}

function zshScript(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, command }) => {
    const options = optionsOf(command).map(({ name: option, value, choices, about }) => {
      const action = choices === undefined ? value === "FILE" ? "_files" : "" : `(${choices.join(" ")})`;
      const argument = value === undefined ? "" : `:${value.toLowerCase()}:${action}`;
      return `      ${zshQuoted(`*--${option}[${about.replace(/[[\]:\\]/g, "\\$&")}]${argument}`)} \\`;
    });
    const operand = command.isCommandLine
      ? "'*::command: _normal'"
      : command.choices === undefined
      ? command.operands === "" ? "" : "'*:directory:_files -/'"
      : `'1:${name}:(${command.choices.join(" ")})' '*:directory:_files -/'`;
    return `    ${name}) _arguments \\\n${options.join("\n")}\n      ${operand} ;;`;
  });
  return `#compdef cirron
# Completion of cirron in zsh.
_cirron() {
  local -a commands=(
${commands.map(({ name, about }) => `    ${zshQuoted(`${name}:${about.replaceAll(":", "\\:")}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _cirron ]]; then _cirron "$@"; else compdef _cirron cirron; fi
`;
}

function zshQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function fishScript(commands: readonly Completed[]): string {
  const lines = ["# Completion of cirron in fish."];
  for (const { name, about, command } of commands) {
    lines.push(`complete -c cirron -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(about)}`);
    const when = `-n "__fish_seen_subcommand_from ${name}"`;
    for (const { name: option, short, value, choices, about: does } of optionsOf(command)) {
      const letter = short === undefined ? "" : ` -s ${short}`;
      const values = choices === undefined ? "" : ` -f -a ${fishQuoted(choices.join(" "))}`;
      const takes = value === undefined ? "" : " -r";
      lines.push(`complete -c cirron ${when} -l ${option}${letter}${takes}${values} -d ${fishQuoted(does)}`);
    }
    if (command.choices !== undefined) {
      lines.push(`complete -c cirron ${when} -f -a ${fishQuoted(command.choices.join(" "))}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
