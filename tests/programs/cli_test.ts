import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { COMMANDS } from "../../src/cli/commands.ts";
import { VERSION } from "../../src/data/version.ts";
import { findNode } from "../../tools/install.mjs";
import { sourcePath, sourceUrl } from "../support/checkout.ts";
import { serverSpool } from "../support/command_line.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { npmProject, removePackages } from "../support/consumers.ts";
import { writeFleet } from "../support/fleet.ts";
import { METADATA, span } from "../support/journal.ts";
import { LiveRecorder } from "../support/live_journal.ts";
import { findRuntime, type Outcome, run, type RunOptions } from "../support/runtimes.ts";
import { serveCheckout } from "../support/serve.ts";
import type { TestSpool } from "../support/spool.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The command line as a program of its own: flags, pipes, exit codes, and the examples of the helps.

const FILE = import.meta.url;
const CLI = sourcePath("cli.ts");
const runtime = findRuntime(RUNTIME)!;
const shellTest = testUnless(existsSync("/bin/sh") ? null : "there is no /bin/sh", FILE);

after(removePackages);

function commandOf(flags: readonly string[] = ["-A"]): readonly string[] {
  return RUNTIME === "deno" ? [runtime, "run", "--no-check", ...flags, CLI] : [runtime, CLI];
}

/** Runs `cirron` on this test's runtime. */
function cirron(args: readonly string[], options: RunOptions & { flags?: readonly string[] } = {}) {
  const [command, ...before] = commandOf(options.flags);
  return run(command, [...before, ...args], options);
}

/** A directory with a spool where the package writes by default, and a program `cirron` for its shell. */
class Workplace extends TempDirectory {
  readonly #spool: TestSpool = serverSpool();

  constructor() {
    super();
    mkdirSync(join(this.path, ".cirron"));
    symlinkSync(this.#spool.path, join(this.path, ".cirron", "spool"));
    const words = commandOf().map(word => `'${word}'`).join(" ");
    mkdirSync(join(this.path, "bin"));
    chmodSync(this.write("bin/cirron", `#!/bin/sh\nexec ${words} "$@"\n`), 0o755);
  }

  /** Runs a line of shell, in which `cirron` is one of the programs. */
  shell(line: string, env: RunOptions["env"] = {}): Promise<Outcome> {
    const PATH = [join(this.path, "bin"), process.env.PATH].join(delimiter);
    return run("/bin/sh", ["-c", line], { cwd: this.path, env: { ...env, PATH } });
  }

  /** Leaves a run in the journal. */
  record(): void {
    const recorder = new LiveRecorder(join(this.path, ".cirron", "journal"));
    recorder.write([span(1, { name: "request" })]);
    recorder.writer.close({ ended_unix_ns: String(METADATA.anchorNs + 1_000_000n) });
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#spool[Symbol.dispose]();
  }
}

for (const { name, load } of COMMANDS) {
  shellTest(`Every example of cirron ${name} --help does what it says, and ends with 0`, async () => {
    const { command } = await load();
    using place = new Workplace();
    if (name === "clear") replaceLink(place);
    if (name === "run") writePrograms(place);
    if (name === "top") place.record();
    for (const { line } of command.examples) {
      const { code, stdout, stderr } = await place.shell(line);
      // What it says of the command is on stderr, for stdout is the command's.
      assertEquals([code, name === "run" ? "" : stderr], [0, ""], `${line}\n${stdout}\n${stderr}`);
      const file = /(?: -o|>) ?([\w.]+)$/.exec(line)?.[1];
      if (file !== undefined) assert(existsSync(join(place.path, file)), line);
      else assert((name === "run" ? stderr : stdout).length > 10, line);
    }
  });
}

/** What the examples of `run` start. */
function writePrograms(place: Workplace): void {
  place.write(
    "train.ts",
    `import { scope } from ${JSON.stringify(sourceUrl("mod.ts"))};\nscope("step").end();\n`,
  );
  place.write("train.sh", "exit 0\n");
}

/** `clear` follows no link: the spool itself in its place. */
function replaceLink(place: Workplace): void {
  const link = join(place.path, ".cirron", "spool");
  const target = readdirSync(link).map(name => [name, readFileSync(join(link, name), "utf8")]);
  // Not removed through the link: only the link goes.
  unlinkSync(link);
  mkdirSync(link);
  for (const [name, text] of target) place.write(join(".cirron", "spool", name), text);
}

test("cirron --version and --help answer on stdout, at once and without a warning", async () => {
  const version = await cirron(["--version"]);
  assertEquals(version, { code: 0, stdout: `cirron ${VERSION}\n`, stderr: "" });
  const { code, stdout, stderr } = await cirron(["--help"]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Commands:");
});

test("cirron reads what another program recorded, and its exit code says what it found", async () => {
  using folder = new TempDirectory();
  const program = folder.write(
    "program.ts",
    `import * as ci from ${JSON.stringify(sourceUrl("mod.ts"))};
using session = ci.profile();
for (const _ of ci.batches(3)) ci.scope("forward").end();
`,
  );
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check"] : [];
  assertEquals((await run(runtime, [...flags, program], { cwd: folder.path })).code, 0);
  const tree = await cirron(["tree", "--name", "batch", "--depth", "0"], { cwd: folder.path });
  assertEquals([tree.code, tree.stderr], [0, ""]);
  assertMatch(tree.stdout, /^batch\[0\] - [^\n]*\nbatch\[1\] - [^\n]*\nbatch\[2\] - [^\n]*\n$/);
  const list = await cirron(["list"], { cwd: folder.path });
  assertMatch(list.stdout, new RegExp(` 7 +ended +0 +\\d+ +${RUNTIME} `));
  assertEquals((await cirron(["tree", "--name", "no"], { cwd: folder.path })).code, 1);
  assertEquals((await cirron(["clear"], { cwd: folder.path })).code, 0);
  assertEquals(
    readdirSync(join(folder.path, ".cirron", "journal")).filter(name => !name.startsWith(".")),
    [],
  );
});

test("cirron looks where CIRRON_OUTPUT_DIR says", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  symlinkSync(spool.path, join(folder.path, "spool"));
  const { code } = await cirron(["tree"], { env: { CIRRON_OUTPUT_DIR: folder.path } });
  assertEquals(code, 0);
});

test("cirron says what is wrong in one line on stderr, and ends with 2", async () => {
  using folder = new TempDirectory();
  const answers: readonly (readonly [args: string, answer: string])[] = [
    ["sumary", 'cirron: unknown command "sumary", did you mean "summary"?\n'],
    ["tree --lats 3", 'cirron: unknown option "--lats", did you mean "--last"?\n'],
    ["tree --last", "cirron: --last needs a value: --last N\n"],
    ["tree", 'cirron: Cannot read ".cirron/journal": there is no such file or directory\n'],
  ];
  for (const [args, answer] of answers) {
    const outcome = await cirron(args.split(" "), { cwd: folder.path });
    assertEquals(outcome, { code: 2, stdout: "", stderr: answer });
  }
});

shellTest("cirron in a pipe whose reader goes ends quietly, whatever it had to write", async () => {
  using place = new Workplace();
  for (const args of ["html -o -", "tree --json", "--help"]) {
    const { code, stdout, stderr } = await place.shell(`{ cirron ${args}; echo "ended with $?" >&2; } | :`);
    assertEquals([code, stdout, stderr], [0, "", "ended with 0\n"], args);
  }
});

shellTest("cirron in a pipe writes no colours, unless they are asked for", async () => {
  using place = new Workplace();
  assertEquals(
    (await place.shell("cirron tree | cat", { NO_COLOR: undefined })).stdout.includes("\x1b"),
    false,
  );
  const forced = await place.shell("cirron tree | cat", { NO_COLOR: undefined, FORCE_COLOR: "1" });
  assertStringIncludes(forced.stdout, "\x1b[");
});

const SCRIPT = "/usr/bin/script"; // util-linux
testUnless(existsSync(SCRIPT) ? null : `there is no ${SCRIPT} to make a terminal`, FILE)(
  "cirron on a terminal draws guides in colours, and without them where NO_COLOR says so",
  async () => {
    using place = new Workplace();
    const line = `${SCRIPT} -qec "cirron tree" /dev/null < /dev/null`;
    const colored = await place.shell(line, { NO_COLOR: undefined, TERM: "xterm" });
    assertStringIncludes(colored.stdout, "\x1b[");
    const bare = await place.shell(line, { NO_COLOR: "1", TERM: "xterm" });
    assertStringIncludes(bare.stdout, "├─ request");
    assertEquals(bare.stdout.includes("\x1b"), false);
  },
);

// A pipe that holds little and does not wait, as some programs hand on to what they start.
const NARROW_PIPE = `
import fcntl, os, subprocess, sys
reading, writing = os.pipe()
fcntl.fcntl(writing, 1031, 4096) # F_SETPIPE_SZ
os.set_blocking(writing, False)
child = subprocess.Popen(["cirron", "html", "-o", "-"], stdout=writing)
os.close(writing)
while piece := os.read(reading, 1000): sys.stdout.buffer.write(piece)
sys.exit(child.wait())
`;

const PYTHON = "/usr/bin/python3";
testUnless(
  process.platform === "linux" && existsSync(PYTHON) ? null : `there is no ${PYTHON}, or no Linux`,
  FILE,
)(
  "cirron writes all of it into a pipe that is full again and again and does not wait",
  async () => {
    using place = new Workplace();
    const program = place.write("pipe.py", NARROW_PIPE);
    const { code, stdout, stderr } = await place.shell(`${PYTHON} ${program}`);
    assertEquals([code, stderr], [0, ""]);
    assert(stdout.length > 4 * 4096);
    assertEquals(stdout.trimEnd().slice(-7), "</html>");
  },
);

shellTest("cirron html --open starts the desktop's own opener with the page's path", async () => {
  using place = new Workplace();
  const name = process.platform === "darwin" ? "open" : "xdg-open";
  chmodSync(place.write(`bin/${name}`, '#!/bin/sh\necho "$1" > opened\n'), 0o755);
  // The opener is not waited for: a pipe is, which it writes to.
  const { code, stderr } = await place.shell("mkfifo opened && cirron html --open && cat opened >&2");
  assertEquals([code, stderr], [0, `${join(place.path, "cirron.html")}\n`]);
});

test("cirron html --open says that there is nothing to open it with; the page is there", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  const { code, stderr } = await cirron(["html", "--open", spool.path], {
    cwd: folder.path,
    env: { PATH: folder.path },
  });
  assertEquals(code, 2);
  assertMatch(stderr, /^cirron: Cannot open cirron\.html: [\w-]+ cannot be started \(.*\)\n$/);
  assertEquals(readdirSync(folder.path), ["cirron.html"]);
});

/** Deno's flags, and what a command that needs more says. */
const DENIED: readonly (readonly [flags: string, args: string, answer: string])[] = [
  ["", "tree .", 'Cannot read ".": Deno needs --allow-read for it'],
  ["--allow-read", "html .", 'Cannot write "cirron.html": Deno needs --allow-read=. --allow-write=. for it'],
  ["--allow-read", "clear .", 'Cannot clear ".": Deno needs --allow-write=. for it'],
  [
    "--allow-read --allow-write",
    "html --open .",
    "Cannot open cirron.html: Deno needs --allow-run=xdg-open for it",
  ],
];

if (RUNTIME === "deno") {
  for (const [flags, args, answer] of DENIED) {
    test(`cirron ${args} with the flags "${flags}" names the one that it needs, and asks nobody`, async () => {
      using spool = serverSpool();
      const options = { cwd: spool.path, flags: flags.split(" ").filter(flag => flag !== "") };
      assertEquals(await cirron(args.split(" "), options), {
        code: 2,
        stdout: args.includes("--open") ? (await cirron(["html", "."], { ...options })).stdout : "",
        stderr: `cirron: ${answer}\n`,
      });
    });
  }

  test("cirron doctor without permissions asks nobody, and each flag that it names gives what it says", async () => {
    using folder = new TempDirectory();
    const doctor = async (flags: readonly string[]) => {
      const { code, stdout, stderr } = await cirron(["doctor", "--json"], { flags, cwd: folder.path });
      assertEquals([code, stderr], [0, ""]);
      return JSON.parse(stdout);
    };
    const bare = await doctor([]);
    assertEquals(Object.values(bare.permissions), new Array(5).fill("limited"));
    assertEquals([bare.journal.bytes, bare.journal.present], [null, false]);
    assertEquals([bare.spool.present, bare.variables.present, bare.data_frames.present], [
      false,
      false,
      false,
    ]);
    const flagFor = (what: string): string[] =>
      bare.advice.find((advice: { gives: string }) => advice.gives.includes(what)).flag.split(" ");
    const clock = await doctor(flagFor("finer clock"));
    if (process.platform === "linux") assertMatch(clock.probes.wall.source, /^clock_gettime/);
    assertEquals((await doctor(flagFor("rank"))).variables.present, true);
    const files = await doctor(flagFor("journal"));
    assertEquals([files.journal.present, files.journal.bytes, files.spool.present], [true, 0, true]);
    assertEquals((await doctor(["-A"])).advice, []);
  });

  test("cirron by raw URL reads with no permission but to read", async () => {
    using place = new Workplace();
    await using server = await serveCheckout();
    const flags = [
      "run",
      "--no-prompt",
      `--allow-import=${server.host}`,
      "--allow-read=.cirron",
      `${server.url}cli.ts`,
    ];
    const { code, stdout } = await run(runtime, [...flags, "tree", "--slowest", "1"], { cwd: place.path });
    assertEquals([code, stdout], [0, "request - 30.0ms !Error: no\n  query - 1.0ms\n"]);
  });

  test("cirron needs no permission for a help", async () => {
    for (const args of [["--help"], ["tree", "--help"], ["completion", "bash"]]) {
      const { code, stderr } = await cirron(args, { flags: [] });
      assertEquals([code, stderr], [0, ""]);
    }
  });
}

for (const shell of ["bash", "zsh", "fish"]) {
  const path = ["/bin", "/usr/bin"].map(folder => join(folder, shell)).find(existsSync);
  testUnless(path === undefined ? `there is no ${shell}` : null, FILE)(
    `${shell} takes the script of cirron completion ${shell}, and completes by it`,
    async () => {
      using place = new Workplace();
      const ask: Record<string, string> = {
        bash: `. ./script; COMP_WORDS=(cirron tree --sl); COMP_CWORD=2; _cirron; echo "\${COMPREPLY[@]}"`,
        zsh: "compdef() { echo $2 }; . ./script",
        fish: "source ./script; complete -C 'cirron tree --sl'",
      };
      assertEquals((await place.shell(`cirron completion ${shell} > script`)).code, 0);
      const { code, stdout, stderr } = await run(path!, ["-c", ask[shell]], { cwd: place.path });
      assertEquals([code, stderr], [0, ""]);
      assertMatch(stdout, shell === "zsh" ? /^cirron$/m : /^--slowest\b/);
    },
  );
}

const node = RUNTIME === "bun" ? findNode() : null;
const installedTest = testUnless(
  RUNTIME === "deno" ? "the installed form is tried by Bun's run" : null,
  FILE,
);

installedTest("The installed package has the command cirron, on Bun and on Node 22", async () => {
  using project = await npmProject("absent");
  using spool = serverSpool();
  const bin = join(project.path, "node_modules", ".bin", "cirron");
  assert(existsSync(bin));
  for (const command of [runtime, node].filter(one => one !== null)) {
    const list = await run(command, [bin, "list", spool.path], { cwd: project.path });
    assertEquals([list.code, list.stderr], [0, ""]);
    assertMatch(list.stdout, / ended /);
    const missing = await run(command, [bin, "export", "csv", spool.path], { cwd: project.path });
    assertEquals([missing.code, missing.stdout], [2, ""]);
    assertMatch(missing.stderr, /^cirron: .*nodejs-polars.*bun add nodejs-polars@\d.*\n$/);
  }
});

test("cirron reads a recording from stdin, of a spool or of a journal, and leaves nothing of it", async () => {
  using spool = serverSpool();
  using folder = new TempDirectory();
  const input = readFileSync(join(spool.path, readdirSync(spool.path)[0]), "utf8");
  const env = { TMPDIR: folder.path };
  const tree = await cirron(["tree", "--name", "request", "-"], { input, env });
  assertEquals([tree.code, tree.stderr], [0, ""]);
  assertMatch(tree.stdout, /^request - 30\.0ms/);
  const empty = await cirron(["summary", "-"], { input: "", env });
  assertEquals(empty, { code: 2, stdout: "", stderr: "cirron: Cannot read stdin: there is nothing in it\n" });
  assertEquals(readdirSync(folder.path), []);
});

shellTest("cirron reads a journal's stream from a pipe", async () => {
  using place = new Workplace();
  const golden = sourcePath("tests/journal/golden/spans.arrow");
  const { code, stdout, stderr } = await place.shell(`cat '${golden}' | cirron summary --json -`);
  assertEquals([code, stderr], [0, ""]);
  assert(JSON.parse(stdout).length > 0);
});

// Not from a shell, which starts what runs in the background deaf to SIGINT: in Deno that is deaf to all.
test("A signal while a folder is exported ends it with the signal, and leaves what was there", async () => {
  using folder = new TempDirectory();
  writeFleet(join(folder.path, "runs"), { ranks: 60, steps: 100 }, "r1");
  symlinkSync(sourcePath("node_modules"), join(folder.path, "node_modules")); // with polars
  const [command, ...before] = commandOf();
  const given = ["export", "parquet", "--partition", "run,rank", "-o", "fleet", "runs"];
  const child = spawn(command, [...before, ...given], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let written = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (written += text));
  const ended = new Promise<unknown[]>(resolve => child.on("close", (...how) => resolve(how)));
  // Sent once the first file lies in the folder that is being made.
  const isBegun = () => {
    const made = readdirSync(folder.path).find(name => name.endsWith(".tmp"));
    if (made === undefined) return false;
    return (readdirSync(join(folder.path, made), { recursive: true }) as string[]).some(name =>
      name.endsWith(".parquet")
    );
  };
  while (child.exitCode === null && !isBegun()) await setImmediate();
  process.kill(child.pid!, "SIGTERM");
  assertEquals(await ended, [null, "SIGTERM"]);
  assertEquals([written, readdirSync(folder.path).sort()], ["", ["node_modules", "runs"]]);
});
