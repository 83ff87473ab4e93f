/**
 * Starts the tools that the tasks are made of.
 *
 * @module
 */
import { ensureInstalled, findBinary, ROOT, toolEnvironment } from "./install.mjs";

/** A tool by the name of its pinned package. */
export type Tool = "deno" | "bun" | "dprint";

/** The executable to use: this very Deno, or the pinned one of the others. Installs them if need be. */
export function tool(name: Tool): string {
  if (name === "deno") return Deno.execPath();
  ensureInstalled();
  const path = findBinary(name);
  if (path === null) throw new Error(`${name} has no binary for ${Deno.build.target}`);
  return path;
}

/** What a finished command left. */
export interface Result {
  readonly ok: boolean;
  /** What it wrote to stdout and stderr, without colours. */
  readonly output: string;
}

/**
 * Runs a tool in the checkout, showing what it writes.
 * @param isShown Whether a line, without colours, is worth showing.
 * @param env Added to the environment.
 * @param show Shows a line, with its colours.
 */
export async function run(
  name: Tool,
  args: readonly string[],
  isShown: (line: string) => boolean = () => true,
  env: Readonly<Record<string, string>> = {},
  show: (line: string) => void = line => console.log(line),
): Promise<Result> {
  const child = new Deno.Command(tool(name), {
    args: [...args],
    cwd: ROOT,
    env: { ...toolEnvironment(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  await Promise.all([child.stdout, child.stderr].map(async stream => {
    for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      const plain = line.replaceAll(COLOURS, "");
      lines.push(plain);
      if (isShown(plain)) show(line);
    }
  }));
  const { success } = await child.status;
  return { ok: success, output: lines.join("\n") };
}

// deno-lint-ignore no-control-regex -- colours are control sequences
const COLOURS = /\x1b\[[\d;]*m/g;

/** Cuts text into lines, the last one with or without its newline. */
class TextLineStream extends TransformStream<string, string> {
  constructor() {
    let rest = "";
    super({
      transform(text, controller) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
      flush(controller) {
        if (rest !== "") controller.enqueue(rest);
      },
    });
  }
}
