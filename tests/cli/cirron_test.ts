import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { VERSION } from "../../src/data/version.ts";
import { ReaderGone } from "../../src/runtime/standard_streams.ts";
import { callCirron, serverSpool } from "../support/command_line.ts";
import { importLines, readSource, resolveImport } from "../support/sources.ts";
import { TestSpool } from "../support/spool.ts";

test("cirron without a command, with help, --help or -h, lists every command", async () => {
  for (const args of [[], ["help"], ["--help"], ["-h"]]) {
    const { code, out, errors } = await callCirron(args);
    assertEquals([code, errors], [0, []]);
    for (const { name, about } of COMMANDS) assertMatch(out, new RegExp(`^  ${name} +${about}$`, "m"));
  }
});

/** What is loaded with a file at once: not what it imports when it is called, nor for types. */
function loadedWith(entry: string): Set<string> {
  const files = new Set([entry]);
  for (const file of files) { // grows while it is walked
    const statically = readSource(file).replace(/\bimport\(/g, "");
    for (const { specifier, typeOnly } of importLines(statically)) {
      if (!typeOnly && specifier.startsWith(".")) files.add(resolveImport(file, specifier));
    }
  }
  return files;
}

test("A help loads nothing that records, reads or writes", () => {
  for (const entry of ["cli.ts", ...COMMANDS.map(({ name }) => `src/cli/${name}.ts`)]) {
    const dear = [...loadedWith(entry)].filter(file =>
      /^(ffi|src\/(meters|record|spool|sinks|session|api|tree|formats\/\w+)\/)/.test(file)
    );
    assertEquals(dear, [], entry);
  }
  assert(loadedWith("cli.ts").size < 20, [...loadedWith("cli.ts")].join(" "));
  assert(loadedWith("src/cli/reading.ts").size > 40, "the test must see what is loaded");
});

test("docs/cli.md has every command and each of its options", async () => {
  const page = readSource("docs/cli.md");
  for (const { name, load } of COMMANDS) {
    assert(page.includes(`\n## ${name}\n`), name);
    for (const option of (await load()).command.options) {
      assert(page.includes(`--${option.name}`), option.name);
    }
  }
});

test("cirron --version says the version", async () => {
  for (const flag of ["--version", "-V"]) {
    assertEquals(await callCirron([flag]), {
      code: 0,
      out: `cirron ${VERSION}\n`,
      errors: [],
      opened: [],
    });
  }
});

for (const { name, about, load } of COMMANDS) {
  test(`cirron ${name} --help has its options, three examples of its own, and fits on a terminal`, async () => {
    const { code, out, errors } = await callCirron([name, "--help"]);
    assertEquals([code, errors], [0, []]);
    assert(out.startsWith(`cirron ${name}: ${about}\n`));
    const { command } = await load();
    for (const option of command.options) assert(out.includes(` --${option.name}`), option.name);
    const examples = command.examples.map(example => example.line);
    for (const line of examples) {
      assert(out.includes(`\n  ${line}\n`) && line.startsWith(`cirron ${name}`), line);
    }
    assertEquals(new Set(examples).size, 3);
    assertEquals(out.split("\n").filter(line => line.length > 80), []);
    assertEquals((await callCirron(["help", name])).out, out);
  });

  test(`cirron ${name} answers an option that it does not have with one line and 2`, async () => {
    const { code, out, errors } = await callCirron([name, "--hepl"]);
    assertEquals([code, out, errors], [2, "", ['cirron: unknown option "--hepl", did you mean "--help"?']]);
  });
}

test("cirron answers a command that it does not have with the nearest, or with all", async () => {
  const answers: Record<string, string> = {
    sumary: 'unknown command "sumary", did you mean "summary"?',
    TREE: 'unknown command "TREE", did you mean "tree"?',
    "--vesion": 'unknown option "--vesion", did you mean "--version"?',
    xyz:
      'unknown command "xyz", expected one of list, tree, summary, top, run, html, export, doctor, trim, clear, completion',
  };
  for (const [name, answer] of Object.entries(answers)) {
    assertEquals(await callCirron([name]), { code: 2, out: "", errors: [`cirron: ${answer}`], opened: [] });
  }
});

test("cirron says on one line what a message has on several", async () => {
  const { code, errors } = await callCirron(["tree", "no\nsuch\u001b[31mdirectory"]);
  assertEquals([code, errors.length], [2, 1]);
  // deno-lint-ignore no-control-regex
  assertMatch(errors[0], /^cirron: Cannot read [^\n\u001b]*: there is no such file or directory$/);
});

test("cirron ends quietly, and well, when nobody reads what it writes any more", async () => {
  using spool = serverSpool();
  const onWrite = () => {
    throw new ReaderGone();
  };
  for (const args of [["tree"], ["list"], ["summary", "--json"], ["export", "json"], ["html", "-o", "-"]]) {
    assertEquals(await callCirron([...args, spool.path], { onWrite }), {
      code: 0,
      out: "",
      errors: [],
      opened: [],
    });
  }
});

test("cirron reads several directories as one", async () => {
  using one = serverSpool();
  using two = new TestSpool();
  const { out } = await callCirron(["list", "--json", two.path, one.path]);
  assertEquals(JSON.parse(out).length, 1);
});

test("cirron says that files were skipped, and goes on", async () => {
  using spool = serverSpool();
  const name = spool.add("{");
  const { code, errors } = await callCirron(["tree", spool.path]);
  assertEquals([code, errors], [0, [`cirron: skipped 1 of 3 files; the first is ${name}: it is not JSON`]]);
});
