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

/** Runs a tool in the checkout, showing what it writes. */
export async function run(name: Tool, args: readonly string[]): Promise<Result> {
  const command = new Deno.Command(tool(name), {
    args: [...args],
    cwd: ROOT,
    env: toolEnvironment(),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const chunks: string[] = [];
  await Promise.all([
    show(child.stdout, Deno.stdout, chunks),
    show(child.stderr, Deno.stderr, chunks),
  ]);
  const { success } = await child.status;
  // deno-lint-ignore no-control-regex -- colours are control sequences
  return { ok: success, output: chunks.join("").replaceAll(/\x1b\[[\d;]*m/g, "") };
}

async function show(
  from: ReadableStream<Uint8Array>,
  to: { writeSync(bytes: Uint8Array): number },
  chunks: string[],
): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of from) {
    for (let done = 0; done < bytes.length;) done += to.writeSync(bytes.subarray(done));
    chunks.push(decoder.decode(bytes, { stream: true }));
  }
}
