import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readSpool } from "../../src/api/read.ts";
import { callCirron, serverSpool } from "../support/command_line.ts";
import { PYTHON_FILE, TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// list, tree, summary, html and export: what they write is what readSpool() reads.

test("cirron list tells of each session when, how long, spans, state, rank, pid and runtime", async () => {
  using spool = serverSpool();
  const { code, out, errors } = await callCirron(["list", spool.path]);
  assertEquals([code, errors], [0, []]);
  const [head, row, end] = out.split("\n");
  assertEquals([head.trim().split(/ +/), end], [
    ["began", "took", "spans", "failed", "state", "rank", "pid", "runtime"],
    "",
  ]);
  assertMatch(row, /^2026-01-0\d \d\d:04:05 1\.00s {5}5 {6}1 ended {4}0 {3}7 {2}deno 2\.9\.6$/);
});

test("cirron list reads what the Python package wrote, which has no session's own span", async () => {
  using spool = new TestSpool();
  spool.add(PYTHON_FILE);
  const [session] = JSON.parse((await callCirron(["list", "--json", spool.path])).out);
  assertEquals(
    [session.state, session.pid, session.rank, session.span_count, session.id],
    ["unknown", 4242, 1, 1, null],
  );
});

test("cirron list --last gives the newest", async () => {
  using spool = serverSpool();
  assertEquals(JSON.parse((await callCirron(["list", "--json", "--last", "0", spool.path])).out), []);
  assertEquals(JSON.parse((await callCirron(["list", "--json", "--last", "9", spool.path])).out).length, 1);
});

test("cirron tree prints what trace() prints", async () => {
  using spool = serverSpool();
  const { code, out } = await callCirron(["tree", spool.path]);
  assertEquals(code, 0);
  assertEquals(out.split("\n"), [
    "cirron.session - 1.00s",
    "  request - 30.0ms !Error: no",
    "    query - 1.0ms",
    "  request - 5.0ms",
    "    query - 1.0ms",
    "",
  ]);
});

test("cirron tree on a terminal has guides, and colours only where they are wanted", async () => {
  using spool = serverSpool();
  const bare = await callCirron(["tree", spool.path], { terminal: { colors: false } });
  assertStringIncludes(bare.out, "├─ request - 30.0ms");
  assert(!bare.out.includes("\x1b"));
  const painted = await callCirron(["tree", spool.path], { terminal: { colors: true } });
  assertStringIncludes(painted.out, "\x1b[");
});

test("cirron tree takes the filters of trace()", async () => {
  using spool = serverSpool();
  const lines: Record<string, readonly string[]> = {
    "--slowest 1": ["request - 30.0ms !Error: no", "  query - 1.0ms"],
    "--roots 1 --depth 0": ["request - 5.0ms"],
    "--where path=/ --depth 0": ["request - 5.0ms"],
    "--name /^que/ --last 1": ["query - 1.0ms"],
    "--name request --min 10ms": ["request - 30.0ms !Error: no"],
  };
  for (const [flags, expected] of Object.entries(lines)) {
    const { code, out } = await callCirron(["tree", spool.path, ...flags.split(" ")]);
    assertEquals([code, out.trimEnd().split("\n")], [0, expected], flags);
  }
});

test("cirron tree --json gives the text of format json", async () => {
  using spool = serverSpool();
  const { out } = await callCirron(["tree", "--json", spool.path]);
  assertEquals(out, `${readSpool(spool.path).trace({ format: "json" })}\n`);
});

test("cirron tree says what trace() says of filters that exclude each other, in one line", async () => {
  using spool = serverSpool();
  const { code, errors } = await callCirron(["tree", "--roots", "1", "--last", "2", spool.path]);
  assertEquals([code, errors.length], [2, 1]);
  assertMatch(errors[0], /roots keeps whole trees and last cuts them/);
});

test("cirron summary prints the table by path or by name, or gives its rows", async () => {
  using spool = serverSpool();
  const { trace } = readSpool(spool.path);
  const byPath = await callCirron(["summary", spool.path]);
  assertEquals([byPath.code, byPath.out], [0, `${trace({ format: "summary" })}\n`]);
  const byName = await callCirron(["summary", "--by", "name", "--name", "request", spool.path]);
  assertEquals(byName.out, `${trace({ format: "summary", by: "name", name: "request" })}\n`);
  const json = await callCirron(["summary", "--json", spool.path]);
  assertEquals(json.out, `${JSON.stringify(trace({ format: "summary" }))}\n`);
});

test("cirron summary leaves out what a narrow terminal has no room for, and nothing in a pipe", async () => {
  using spool = serverSpool();
  const widest = (out: string) => Math.max(...out.split("\n").map(line => line.length));
  const terminal = { colors: false };
  const piped = await callCirron(["summary", spool.path], { columns: 60 });
  const narrow = await callCirron(["summary", spool.path], { terminal, columns: 60 });
  const wide = await callCirron(["summary", spool.path], { terminal, columns: widest(piped.out) });
  assertEquals([wide.out, widest(narrow.out) <= 60], [piped.out, true]);
});

test("cirron html writes the page, and says where", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  const path = join(folder.path, "page.html");
  const { code, out, opened } = await callCirron(["html", "-o", path, spool.path]);
  assertMatch(out, /^Wrote .*page\.html: 5 spans, \d+\.\dKiB\n$/);
  assertEquals([code, opened, readdirSync(folder.path)], [0, [], ["page.html"]]);
  const page = readFileSync(path, "utf8");
  assertMatch(page, /^<!doctype html>/i);
  const piped = await callCirron(["html", "-o", "-", spool.path]);
  assertEquals(piped.out.length > 1000, true);
  const json = await callCirron(["html", "-o", path, "--json", "--slowest", "1", spool.path]);
  const { file, span_count: count } = JSON.parse(json.out);
  assertEquals([file, count], [path, 2]);
});

test("cirron html --open has the desktop open it; where it cannot, the page is there all the same", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  const path = join(folder.path, "page.html");
  assertEquals((await callCirron(["html", "--open", "-o", path, spool.path])).opened, [path]);
  const onOpen = () => {
    throw new Error("there is no desktop");
  };
  const { code, errors } = await callCirron(["html", "--open", "-o", path, spool.path], { onOpen });
  assertEquals([code, errors], [2, [`cirron: Cannot open ${path}: there is no desktop`]]);
  assert(existsSync(path));
});

test("cirron html takes no --open and no --json for stdout", async () => {
  for (const flag of ["open", "json"]) {
    const { code, errors } = await callCirron(["html", "-o", "-", `--${flag}`, "."]);
    assertEquals([code, errors], [2, [`cirron: --${flag} is for a page in a file`]]);
  }
});

for (const format of ["perfetto", "speedscope", "json"] as const) {
  test(`cirron export ${format} writes what format ${format} is, to stdout or into a file`, async () => {
    using spool = serverSpool();
    using folder = new TempDirectory();
    const path = join(folder.path, "out");
    const piped = await callCirron(["export", format, "--name", "request", spool.path]);
    const expected = readSpool(spool.path).trace({ format, name: "request" });
    assertEquals([piped.code, piped.out], [0, `${expected}\n`]);
    const filed = await callCirron(["export", format, "-o", path, "--name", "request", spool.path]);
    assertMatch(filed.out, /^Wrote .*out: 4 spans, /);
    assertEquals(readFileSync(path, "utf8"), piped.out);
    const json = await callCirron(["export", format, "-o", path, "--json", spool.path]);
    assertEquals(JSON.parse(json.out).format, format);
  });
}

test("cirron export csv has a row per span, by polars", async () => {
  using spool = serverSpool();
  const { code, out } = await callCirron(["export", "csv", spool.path]);
  const [head, ...rows] = out.trimEnd().split("\n");
  assertEquals([code, head.split(",").slice(0, 3), rows.length], [0, ["id", "parent_id", "name"], 5]);
});

test("cirron export parquet goes into a file or a pipe, and onto no terminal", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  const path = join(folder.path, "spans.parquet");
  assertEquals((await callCirron(["export", "parquet", "-o", path, spool.path])).code, 0);
  const bytes = readFileSync(path, "latin1");
  assertEquals([bytes.slice(0, 4), bytes.slice(-4)], ["PAR1", "PAR1"]);
  assertEquals((await callCirron(["export", "parquet", spool.path])).out.slice(0, 4), "PAR1");
  const shown = await callCirron(["export", "parquet", spool.path], { terminal: { colors: false } });
  assertEquals([shown.code, shown.out], [2, ""]);
  assertMatch(shown.errors[0], /parquet is not for a terminal: give -o FILE, or a pipe$/);
});

test("Commands that find nothing end with 1", async () => {
  using spool = serverSpool();
  using empty = new TestSpool();
  using folder = new TempDirectory();
  const path = join(folder.path, "out");
  for (
    const args of [
      ["list", empty.path],
      ["tree", empty.path],
      ["tree", "--json", empty.path],
      ["tree", "--name", "nobody", spool.path],
      ["summary", "--where", "path=/none", spool.path],
      ["html", "-o", path, empty.path],
      ["export", "json", "--name", "nobody", spool.path],
      ["export", "csv", "-o", path, empty.path],
    ]
  ) {
    const { code, errors } = await callCirron(args);
    assertEquals([code, errors], [1, []], args.join(" "));
  }
});

test("Commands that cannot read end with 2, and with what is wrong in one line", async () => {
  using folder = new TempDirectory();
  const file = folder.write("file", "");
  const dangling = join(folder.path, "link");
  symlinkSync(join(folder.path, "gone"), dangling);
  const missing = "there is no such file or directory";
  for (const command of ["list", "tree", "summary", "html", "clear"]) {
    const other = command === "clear"
      ? "it is no directory"
      : "it is no directory, and no .json or .arrow file";
    for (const [path, reason] of [[file, other], [dangling, missing]]) {
      const { code, errors } = await callCirron([command, path]);
      assertEquals([code, errors], [2, [`cirron: Cannot read ${JSON.stringify(path)}: ${reason}`]]);
    }
  }
  assertEquals(readdirSync(folder.path).sort(), ["file", "link"]);
});
