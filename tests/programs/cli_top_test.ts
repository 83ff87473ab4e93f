import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ENTER, LEAVE } from "../../src/cli/top/paint.ts";
import { identify } from "../../src/journal/liveness.ts";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME, testUnless } from "../support/conditions.ts";
import { span } from "../support/journal.ts";
import { LiveRecorder } from "../support/live_journal.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// `cirron top` on a terminal: what is typed, what is shown, and what it leaves behind.

const runtime = findRuntime(RUNTIME)!;
const CLI = sourcePath("cli.ts");
const COMMAND = RUNTIME === "deno" ? [runtime, "run", "--no-check", "-A", CLI] : [runtime, CLI];
const PYTHON = "/usr/bin/python3";

// Runs a program on a terminal, and does one step after the other: each waits for what the one before brings about.
const DRIVER = `
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, tty = pty.fork()
if pid == 0: os.execvp(command[0], command)
text, seen, failed = "", 0, None
def size(lines, columns): fcntl.ioctl(tty, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
size(24, 80)
def read(seconds):
    global text
    if not select.select([tty], [], [], seconds)[0]: return False
    try: piece = os.read(tty, 65536)
    except OSError: return False
    text += piece.decode("utf8", "replace")
    return piece != b""
for step, *given in steps:
    if step == "wait":
        end = time.monotonic() + 60
        while given[0] not in text[seen:] and time.monotonic() < end: read(1)
        if given[0] not in text[seen:]:
            failed = given[0]
            os.kill(pid, signal.SIGKILL)
            break
        seen = text.index(given[0], seen) + len(given[0])
    elif step == "type": os.write(tty, given[0].encode())
    elif step == "signal": os.kill(pid, getattr(signal, given[0]))
    elif step == "size": size(*given)
    elif step == "rename": os.rename(*given)
while read(0.5) or os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None: pass
flags = termios.tcgetattr(tty)[3]
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({"text": text, "failed": failed, "code": code, "cooked": bool(flags & termios.ICANON and flags & termios.ECHO)}))
`;

type Step =
  | readonly ["wait" | "type" | "signal", string]
  | readonly ["size", number, number]
  | readonly ["rename", string, string];

interface Seen {
  readonly text: string;
  readonly failed: string | null;
  readonly code: number;
  readonly cooked: boolean;
}

async function onTerminal(
  folder: TempDirectory,
  args: readonly string[],
  steps: readonly Step[],
): Promise<Seen> {
  const driver = folder.write("driver.py", DRIVER);
  const { stdout, stderr } = await run(PYTHON, [driver, JSON.stringify(steps), ...COMMAND, ...args], {
    cwd: folder.path,
    env: { TERM: "xterm" },
  });
  assert(stdout !== "", stderr);
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

/** A run of this very process, which goes on. */
function ownRun(directory: string): LiveRecorder {
  const { bootId, processStart } = identify(process.pid);
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const recorder = new LiveRecorder(directory, {
    session: {
      pid: process.pid,
      boot_id: bootId,
      process_start: processStart,
      anchor_unix_ns: String(nowNs - 5_000_000_000n),
      started_unix_ns: String(nowNs - 5_000_000_000n),
    },
  });
  recorder.write([span(1, { name: "epoch", startNs: 0, endNs: 1e9 })], "opens");
  const endNs = 4.5e9;
  recorder.write([
    span(3, { name: "query", parent: 2, startNs: endNs - 1e6, endNs }),
    span(2, { name: "request", parent: 1, startNs: endNs - 2e6, endNs: endNs + 1 }),
  ]);
  return recorder;
}

const canDrive = process.platform === "linux" && existsSync(PYTHON);
const terminalTest = testUnless(canDrive ? null : `there is no ${PYTHON}, or no Linux`, import.meta.url);

terminalTest("cirron top waits for a program, looks into it, and takes leave of it", async () => {
  using folder = new TempDirectory();
  const [away, journal] = [join(folder.path, "away"), join(folder.path, "journal")];
  ownRun(away);
  const seen = await onTerminal(folder, ["top", "journal", "-o", "page.html"], [
    ["wait", "Waiting for a program to record in journal"],
    ["rename", away, journal],
    ["wait", "running"],
    ["wait", "epoch"],
    ["wait", "request"],
    ["type", "j\x1b[B"],
    ["wait", "> query"],
    ["type", "k\r"],
    ["wait", "in "],
    ["wait", "query"],
    ["size", 12, 60],
    ["wait", "\x1b[2J"],
    ["type", "w"],
    ["wait", "wrote page.html"],
    ["type", "?"],
    ["wait", "choose a name"],
    ["type", "x"],
    ["rename", journal, away],
    ["wait", "its folder is gone"],
    ["type", "q"],
  ]);
  assertEquals([seen.failed, seen.code, seen.cooked], [null, 0, true]);
  assertStringIncludes(seen.text, ENTER);
  assert(seen.text.endsWith(LEAVE), JSON.stringify(seen.text.slice(-80)));
  assert(existsSync(join(folder.path, "page.html")));
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  terminalTest(`cirron top gives the terminal back at ${signal}`, async () => {
    using folder = new TempDirectory();
    const seen = await onTerminal(folder, ["top", "."], [["wait", "Waiting for"], ["signal", signal]]);
    assertEquals([seen.failed, seen.code, seen.cooked], [null, code, true]);
    assert(seen.text.endsWith(LEAVE), JSON.stringify(seen.text.slice(-80)));
  });
}

test("cirron top in a pipe looks once, at the newest run, and its JSON says the same", async () => {
  using folder = new TempDirectory();
  const [command, ...before] = COMMAND;
  const top = (...args: string[]) => run(command, [...before, "top", ...args], { cwd: folder.path });
  assertEquals(await top("."), { code: 2, stdout: "", stderr: "cirron: no run in .\n" });
  ownRun(folder.path);
  const { code, stdout, stderr } = await top(".");
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, `cirron top  pid ${process.pid}`);
  assertStringIncludes(stdout, "\n  request ");
  assertEquals(stdout.includes("\x1b"), false);
  const picture = JSON.parse((await top("--json", ".")).stdout);
  assertEquals([picture.run.pid, picture.run.state, picture.span_count], [process.pid, "running", 2]);
  assertEquals(picture.open.map(({ name }: { name: string }) => name), ["epoch"]);
  const other = await top("--once", "--pid", "1", ".");
  assertEquals(other, { code: 2, stdout: "", stderr: "cirron: no run of process 1 in .\n" });
});
