import { assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// Each test asks in a process of its own, before a pseudoterminal or a pipe.

const SCRIPT = "/usr/bin/script"; // util-linux
const FILE = import.meta.url;
const ptyTest = testUnless(existsSync(SCRIPT) ? null : `there is no ${SCRIPT} to make a terminal`, FILE);

const TERMINAL = sourceUrl("src/runtime/terminal.ts");
const PROGRAM = `import { stdoutTerminal } from ${JSON.stringify(TERMINAL)};
console.log(JSON.stringify(stdoutTerminal()));`;

const NONE = { NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: "xterm-256color" };

/** What a program prints that has no permission. Whatever asks for one would print that, and wait for an answer. */
async function printed(
  how: "pty" | "pipe",
  env: Record<string, string>,
  permissions: readonly string[] = [],
): Promise<string> {
  using directory = new TempDirectory();
  const program = directory.write("program.ts", PROGRAM);
  const runtime = findRuntime(RUNTIME)!;
  const options = { cwd: directory.path, env: { ...NONE, ...env }, timeoutMs: 60_000 };
  const flags = RUNTIME === "deno" ? ["run", "--quiet", "--no-check", ...permissions] : ["run"];
  const outcome = how === "pipe"
    ? await run(runtime, [...flags, program], options)
    : await run(SCRIPT, ["-qec", [runtime, ...flags, program].join(" "), "/dev/null"], {
      ...options,
      input: "",
    });
  return outcome.stdout.replaceAll("\r", "").trim();
}

const COLORS = '{"colors":true}';
const NO_COLORS = '{"colors":false}';
const NOBODY = "null";

const CASES: readonly (readonly [env: Record<string, string>, pty: string, pipe: string])[] = [
  [{}, COLORS, NOBODY],
  [{ NO_COLOR: "1" }, NO_COLORS, NOBODY],
  [{ NO_COLOR: "" }, COLORS, NOBODY],
  [{ FORCE_COLOR: "1" }, COLORS, COLORS],
  [{ FORCE_COLOR: "" }, COLORS, NOBODY],
  [{ FORCE_COLOR: "0" }, NO_COLORS, NOBODY],
  [{ FORCE_COLOR: "false" }, NO_COLORS, NOBODY],
  [{ NO_COLOR: "1", FORCE_COLOR: "1" }, COLORS, COLORS],
];

for (const [env, pty, pipe] of CASES) {
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`).join(" ") || "no variable";
  ptyTest(`stdoutTerminal() on a terminal with ${given} is ${pty}, and asks for nothing`, async () => {
    assertEquals(await printed("pty", env), pty);
  });
  test(`stdoutTerminal() in a pipe with ${given} is ${pipe}`, async () => {
    assertEquals(await printed("pipe", env), pipe);
  });
}

ptyTest("stdoutTerminal() on a dumb terminal is without colours, where TERM may be read", async () => {
  assertEquals(await printed("pty", { TERM: "dumb" }, ["--allow-env=TERM"]), NO_COLORS);
});
