/**
 * The arguments of a command, checked against its options.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { nearestOption } from "../data/option_names.ts";
import { node } from "../runtime/builtins.ts";
import { type ArgumentSpec, type OptionSpec, UsageError } from "./argument_spec.ts";

/** Options every command has. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [{ name: "help", short: "h", about: "show this" }];

/** The options that were given. */
export class OptionValues {
  readonly #given: ReadonlyMap<string, readonly string[]>;

  /** @param given The values of each option in order; none of a flag. */
  constructor(given: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#given = given;
  }

  /** Whether an option was given. */
  has(name: string): boolean {
    return this.#given.has(name);
  }

  /** All values of an option, in order. */
  all(name: string): readonly string[] {
    return this.#given.get(name) ?? [];
  }

  /** The last value of an option; undefined if it was not given. */
  text(name: string): string | undefined {
    return this.all(name).at(-1);
  }

  /**
   * The same as a whole number from 0 on.
   * @throws {UsageError} If it is none.
   */
  whole(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : toWhole(name, text);
  }
}

/** What the value of `--name` says, a whole number from 0 on. */
export function toWhole(name: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(`--${name} takes a whole number from 0 on, got ${quote(text)}`);
  }
  return value;
}

/** The options and operands of a command's arguments, as they were given. */
export interface ParsedArguments {
  readonly options: OptionValues;
  readonly operands: readonly string[];
}

/**
 * Reads the arguments of a command.
 * @throws {UsageError} If it has no such option, or an option has no value or one too many, or there are too many operands.
 */
export function parseArguments(args: readonly string[], command: ArgumentSpec): ParsedArguments {
  const specs = [...command.options, ...COMMON_OPTIONS];
  // Not strict: the runtimes' messages take several lines, and name no option that might have been meant.
  const { tokens } = node.util.parseArgs({
    args: [...args],
    options: Object.fromEntries(specs.map(({ name, short, value }) => [
      name,
      { type: value === undefined ? "boolean" : "string", ...(short === undefined ? {} : { short }) },
    ])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (command.isCommandLine && token.kind !== "option") {
      operands.push(...args.slice(token.kind === "positional" ? token.index : token.index + 1));
      break;
    }
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const spec = specs.find(one => one.name === name);
    if (spec === undefined) throw new UsageError(unknownOptionText(name, rawName, specs));
    const values = given.get(name) ?? [];
    given.set(name, values);
    if (spec.value === undefined) {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value, got ${quote(value)}`);
    } else if (value === undefined || (token.inlineValue === false && value.startsWith("--"))) {
      throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value}`);
    } else {
      checkChoice(value, spec.choices, rawName);
      values.push(value);
    }
  }
  const options = new OptionValues(given);
  if (!options.has("help")) checkOperands(operands, command);
  return { options, operands };
}

function checkOperands(
  operands: readonly string[],
  { choices, mostOperands = Infinity, operands: names }: ArgumentSpec,
): void {
  if (operands.length > mostOperands) {
    throw new UsageError(`unexpected argument ${quote(operands[mostOperands])}`);
  }
  if (choices === undefined) return;
  if (operands.length === 0) {
    throw new UsageError(`${names.split(" ")[0]} is missing: one of ${choices.join(", ")}`);
  }
  checkChoice(operands[0], choices, null);
}

function checkChoice(value: string, choices: readonly string[] | undefined, option: string | null): void {
  if (choices === undefined || choices.includes(value)) return;
  const what = option === null ? "unknown" : `${option} has no`;
  throw new UsageError(`${what} ${quote(value)}, ${nearestText(value, choices)}`);
}

/** `did you mean "tree"?`, or which there are if none is near. */
export function nearestText(name: string, known: readonly string[], prefix = ""): string {
  const nearest = nearestOption(name, known);
  return nearest === undefined
    ? `expected one of ${known.map(one => prefix + one).join(", ")}`
    : `did you mean ${quote(prefix + nearest)}?`;
}

function unknownOptionText(name: string, rawName: string, specs: readonly OptionSpec[]): string {
  return `unknown option ${quote(rawName)}, ${nearestText(name, specs.map(spec => spec.name), "--")}`;
}
