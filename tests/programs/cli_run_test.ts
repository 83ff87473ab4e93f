import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { chmodSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { traceIdOf } from "../../src/journal/follow_run.ts";
import { sourcePath, sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { onlyJournalIn } from "../support/journal_folder.ts";
import { findRuntime, run, type RunOptions } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// `cirron run`: what the command is given, what becomes of its end, and what is said of it.

const runtime = findRuntime(RUNTIME)!;
const CLI = sourcePath("cli.ts");
const FLAGS = RUNTIME === "deno" ? ["run", "--no-check", "-A"] : [];
const MOD = JSON.stringify(sourceUrl("mod.ts"));
const shellTest = testUnless(existsSync("/bin/sh") ? null : "there is no /bin/sh", import.meta.url);

function cirronRun(folder: TempDirectory, args: readonly string[], options: RunOptions = {}) {
  return run(runtime, [...FLAGS, CLI, "run", ...args], { cwd: folder.path, ...options });
}

/** A program that starts itself as often as its argument says, with all that it was given. */
const FAMILY = `
import { scope } from ${MOD};
import { spawnSync } from "node:child_process";
import process from "node:process";
const depth = Number(process.argv[2]);
scope("work", { index: depth }).end();
if (depth > 0) {
  const [command, ...args] = JSON.parse(process.env.TEST_COMMAND);
  const child = scope("child");
  const { status } = spawnSync(command, [...args, String(depth - 1)], { stdio: "inherit" });
  child.end();
  console.log("child ended with", status);
}
console.log("at", depth);
process.exitCode = depth + 3;
`;

shellTest(
  "cirron run records a program, its child and its grandchild, and ends as the program does",
  async () => {
    using folder = new TempDirectory();
    const program = folder.write("family.ts", FAMILY);
    const command = [runtime, ...FLAGS, program];
    const { code, stdout, stderr } = await cirronRun(folder, ["--", ...command, "2"], {
      env: { TEST_COMMAND: JSON.stringify(command) },
    });
    assertEquals([code, stdout], [5, "at 0\nchild ended with 3\nat 1\nchild ended with 4\nat 2\n"]);
    assertMatch(stderr, /^cirron: \S+ ended with 5 after [\d.]+m?s; 8 spans of 3 runs in \S+journal\n/);
    assertMatch(stderr, /^ +3 .* work$/m);
    const journal = join(folder.path, ".cirron", "journal");
    const traces = readdirSync(journal).filter(name => !name.startsWith(".")).map(name =>
      traceIdOf(journal, name)
    );
    assertEquals([traces.length, new Set(traces).size, traces.includes(null)], [3, 1, false]);
  },
);

test("cirron run gives a trace that it is in itself, and finds what was recorded elsewhere", async () => {
  using folder = new TempDirectory();
  const program = folder.write("program.ts", `import { scope } from ${MOD};\nscope("work").end();\n`);
  const context = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
  const { code, stdout, stderr } = await cirronRun(
    folder,
    ["--json", "-o", "results", "--", runtime, ...FLAGS, program],
    { env: { TRACEPARENT: context } },
  );
  assertEquals([code, stdout], [0, ""]);
  const report = JSON.parse(stderr);
  const directory = join(folder.path, "results", "journal");
  assertEquals([report.exit_code, report.signal, report.directory], [0, null, directory]);
  assertEquals(report.summary.map(({ name }: { name: string }) => name), ["cirron.session", "work"]);
  assertEquals(report.runs.map((path: string) => path.startsWith(directory)), [true]);
  assertEquals(onlyJournalIn(directory).session?.parent, context);
});

test("A program that was started to record does so from its first scope on, or as it says itself", async () => {
  const programs: readonly (readonly [text: string, runs: readonly (readonly string[])[]])[] = [
    [`ci.scope("a").end();`, [["a", "cirron.session"]]],
    [`ci.profile(); ci.scope("a").end();`, [["a", "cirron.session"]]],
    [`ci.scope("a").end(); ci.profile(); ci.scope("b").end();`, [["a", "cirron.session"], [
      "b",
      "cirron.session",
    ]]],
    [`ci.profile({ output: "none" }); ci.scope("a").end();`, []],
    [`ci.profile({ enabled: false }); ci.scope("a").end();`, []],
    [`ci.trace({ format: "dict" });`, []],
  ];
  for (const [text, expected] of programs) {
    using folder = new TempDirectory();
    const program = folder.write("program.ts", `import * as ci from ${MOD};\n${text}\n`);
    const { code, stderr } = await run(runtime, [...FLAGS, program], {
      cwd: folder.path,
      env: { CIRRON_RECORD: "journal" },
    });
    assertEquals([code, stderr], [0, ""], text);
    const journal = join(folder.path, ".cirron", "journal");
    const runs = existsSync(journal) ? readdirSync(journal).filter(name => !name.startsWith(".")).sort() : [];
    const { recorderIn } = await import("../../src/journal/run_folder.ts");
    const { readSpans } = await import("../../src/journal/read_spans.ts");
    const { FileSource } = await import("../../src/journal/source.ts");
    const names = runs.map(name => {
      const { segments } = recorderIn(join(journal, name, "0"));
      return [...readSpans(segments.spans.map(path => new FileSource(path))).name];
    });
    assertEquals(names, expected, text);
  }
});

test("Nothing but a known name in CIRRON_RECORD is heard", async () => {
  using folder = new TempDirectory();
  const program = folder.write("program.ts", `import { scope } from ${MOD};\nscope("a").end();\n`);
  const { code, stderr } = await run(runtime, [...FLAGS, program], {
    cwd: folder.path,
    env: { CIRRON_RECORD: "yes" },
  });
  assertEquals([code, stderr, readdirSync(folder.path)], [0, "", ["program.ts"]]);
});

shellTest("cirron run leaves stdin, stdout and the command's own options alone", async () => {
  using folder = new TempDirectory();
  const cat = await cirronRun(folder, ["--", "cat"], { input: "through\n" });
  assertEquals([cat.code, cat.stdout], [0, "through\n"]);
  const echo = await cirronRun(folder, ["sh", "-c", 'echo "$@"', "sh", "--json", "--", "-h"]);
  assertEquals([echo.code, echo.stdout], [0, "--json -- -h\n"]);
  assertMatch(echo.stderr, /^cirron: sh ended after \S+; nothing was recorded in \S+journal: [^\n]*\n$/);
  const quiet = await cirronRun(folder, [
    "--no-summary",
    "--",
    runtime,
    ...FLAGS,
    folder.write("p.ts", `import { scope } from ${MOD};\nscope("a").end();\n`),
  ]);
  assertMatch(quiet.stderr, /^cirron: \S+ ended after \S+; \S+journal\/\d{20}-\d+\n$/);
});

shellTest("cirron run says in one line what it cannot start: 127 and 126, as shells do", async () => {
  using folder = new TempDirectory();
  const missing = await cirronRun(folder, ["--", "no-such-command"]);
  assertEquals(missing, {
    code: 127,
    stdout: "",
    stderr: "cirron: no-such-command: there is no such command\n",
  });
  const denied = await cirronRun(folder, ["--", folder.write("plain", "text")]);
  assertEquals([denied.code, denied.stdout], [126, ""]);
  assertMatch(denied.stderr, /^cirron: \S+plain: cannot be started \(it is not permitted\)\n$/);
  const none = await cirronRun(folder, []);
  assertEquals(none, { code: 2, stdout: "", stderr: "cirron: needs a command: cirron run -- COMMAND\n" });
});

shellTest(
  "A command that a signal kills gives 128 and its number, and what it had recorded is there",
  async () => {
    using folder = new TempDirectory();
    const program = folder.write(
      "killed.ts",
      `import * as ci from ${MOD};
import process from "node:process";
const session = ci.profile();
ci.scope("done").end();
ci.scope("open");
session.flush();
process.kill(process.pid, "SIGKILL");
await new Promise(() => setInterval(() => {}, 1000));
`,
    );
    const { code, stderr } = await cirronRun(folder, ["--", runtime, ...FLAGS, program]);
    assertEquals(code, 137);
    assertMatch(stderr, /was killed by SIGKILL after \S+; \d spans of 1 run in /);
    assertStringIncludes(stderr, "done");
  },
);

// The pipes say when the command has come so far.
const STUBBORN = `trap 'echo term > heard' TERM
trap 'echo "got hup"; exit 9' HUP
echo ready > begun
while :; do sleep 0.05; done
`;

shellTest("Signals are passed on, and a command that does not end at one is waited for", async () => {
  using folder = new TempDirectory();
  folder.write("stubborn.sh", STUBBORN);
  const words = [runtime, ...FLAGS, CLI].map(word => `'${word}'`).join(" ");
  chmodSync(folder.write("cirron", `#!/bin/sh\nexec ${words} "$@"\n`), 0o755);
  const line = `mkfifo begun heard
./cirron run -- sh stubborn.sh &
read first < begun
kill -TERM $!
read second < heard
kill -HUP $!
wait $!
echo "$first $second $?"`;
  const { stdout, stderr } = await run("/bin/sh", ["-c", line], { cwd: folder.path });
  assertEquals(stdout, "got hup\nready term 9\n");
  assertMatch(stderr, /^cirron: sh ended with 9 after /);
});

if (RUNTIME === "deno") {
  test("cirron run names the flag that Deno needs", async () => {
    using folder = new TempDirectory();
    const { code, stderr } = await run(runtime, [
      "run",
      "--no-check",
      "--allow-read",
      CLI,
      "run",
      "--",
      "true",
    ], {
      cwd: folder.path,
    });
    assertEquals([code, stderr], [2, "cirron: Cannot start true: Deno needs --allow-run=true for it\n"]);
    assert(readdirSync(folder.path).length === 0);
  });
}
