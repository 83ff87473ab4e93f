import { assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sourceUrl } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { namesOf, onlyJournalIn } from "../support/journal_folder.ts";
import { findRuntime, type Outcome, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// What `profile()` does where nobody says otherwise: the journal in `.cirron`, in a folder of the test's own.

const FILE = import.meta.url;
const denoTest = testUnless(RUNTIME === "deno" ? null : "it is about Deno's permissions", FILE);

const PROGRAM = `
import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
ci.profile();
ci.scope("x").end();
`;

function runIn(folder: TempDirectory, source: string, flags: readonly string[] = ["-A"]): Promise<Outcome> {
  const path = folder.write("program.ts", source);
  const args = RUNTIME === "deno" ? ["run", "--no-check", "--quiet", ...flags, path] : [path];
  return run(findRuntime(RUNTIME)!, args, { cwd: folder.path });
}

const silent = ({ code, stdout, stderr }: Outcome) => [code, stdout, stderr];

test("profile() writes to .cirron/journal, which git ignores, and prints nothing", async () => {
  using folder = new TempDirectory();
  assertEquals(silent(await runIn(folder, PROGRAM)), [0, "", ""]);
  assertEquals(readdirSync(join(folder.path, ".cirron")).sort(), [".gitignore", "journal"]);
  assertEquals(readFileSync(join(folder.path, ".cirron", ".gitignore"), "utf8"), "*\n");
  const { spans, session } = onlyJournalIn(join(folder.path, ".cirron", "journal"));
  assertEquals(namesOf(spans), ["x", "cirron.session"]);
  assertMatch(session?.ended_unix_ns ?? "", /^\d+$/);
});

test("A .cirron that is there already gets no .gitignore, and the one in it stays as it is", async () => {
  using folder = new TempDirectory();
  mkdirSync(join(folder.path, ".cirron"));
  assertEquals(silent(await runIn(folder, PROGRAM)), [0, "", ""]);
  assertEquals(readdirSync(join(folder.path, ".cirron")), ["journal"]);
  folder.write(".cirron/.gitignore", "mine");
  assertEquals(silent(await runIn(folder, PROGRAM)), [0, "", ""]);
  assertEquals(readFileSync(join(folder.path, ".cirron", ".gitignore"), "utf8"), "mine");
});

test("A spool in a .cirron that it makes is ignored by git as well, and an outputDir of another name is not", async () => {
  using folder = new TempDirectory();
  const spool = PROGRAM.replace("profile()", 'profile({ output: "spool" })');
  assertEquals(silent(await runIn(folder, spool)), [0, "", ""]);
  assertEquals(readdirSync(join(folder.path, ".cirron")).sort(), [".gitignore", "spool"]);
  const elsewhere = PROGRAM.replace("profile()", 'profile({ outputDir: "recorded/journal" })');
  assertEquals(silent(await runIn(folder, elsewhere)), [0, "", ""]);
  assertEquals(readdirSync(join(folder.path, "recorded")), ["journal"]);
});

test("cirron list and read() without arguments find what journal and spool have", async () => {
  using folder = new TempDirectory();
  await runIn(folder, PROGRAM);
  await runIn(folder, PROGRAM.replace("profile()", 'profile({ output: "spool" })'));
  const looks = `
    import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
    import { cirron } from ${JSON.stringify(sourceUrl("cli.ts"))};
    const { span_count, trace } = ci.readSpool();
    console.log(span_count, trace({ format: "dict" }).roots.length);
    await cirron(["list"]);`;
  const { code, stdout, stderr } = await runIn(folder, looks);
  const [counts, , ...sessions] = stdout.trimEnd().split("\n");
  assertEquals([code, stderr, counts], [0, "", "4 2"]);
  assertEquals(sessions.map(line => / ended /.test(line)), [true, true]);
});

const DENIED = [[], ["--allow-write=.cirron"], ["--allow-read=.cirron"]];
for (const flags of DENIED) {
  denoTest(`profile() with ${JSON.stringify(flags)} warns once, and keeps the trace in memory`, async () => {
    using folder = new TempDirectory();
    const said = `${PROGRAM}ci.flush(); ci.shutdown(); console.log(ci.trace({ format: "dict" }).span_count);`;
    const { code, stdout, stderr } = await runIn(folder, said, ["--no-prompt", ...flags]);
    assertEquals([code, stdout.trim(), stderr.split("[cirron]").length - 1], [0, "2", 1], stderr);
    assertMatch(stderr, /The journal may not write to .*the trace stays in memory/);
    assertEquals(existsSync(join(folder.path, ".cirron")), false);
  });
}

denoTest("Read and write of .cirron alone are enough for the journal", async () => {
  using folder = new TempDirectory();
  const flags = ["--no-prompt", "--allow-read=.cirron", "--allow-write=.cirron"];
  assertEquals(silent(await runIn(folder, PROGRAM, flags)), [0, "", ""]);
  assertEquals(namesOf(onlyJournalIn(join(folder.path, ".cirron", "journal")).spans), [
    "x",
    "cirron.session",
  ]);
});
