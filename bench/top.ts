/**
 * `deno run -A bench/top.ts [SPANS_PER_S] [SECONDS]`: what `cirron top` costs while a program records, 300 000 spans a second of it
 * for 20 s if nothing is said. Linux, on a terminal of `script`'s. It says the share of a core that `top` used on Deno and on Bun, one
 * after the other, each with a writer of its own; what it needs to start and to read back the last minute is not in it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findBinary, ROOT } from "../tools/install.mjs";

const WRITER = `
import * as ci from ${JSON.stringify(new URL("../mod.ts", import.meta.url).href)};
import process from "node:process";
const [rate, directory] = process.argv.slice(2);
ci.profile({ output: "journal", outputDir: directory });
const start = performance.now();
ci.scope("epoch");
let count = 0;
setInterval(() => {
  for (const due = (performance.now() - start) / 1000 * Number(rate); count < due; count += 5) {
    const request = ci.scope("request");
    for (const name of ["auth", "query", "render", "encode"]) ci.scope(name).end();
    request.end();
  }
}, 5);
`;

/** Seconds until everything is compiled. */
const WARM_S = 5;

const [rate = "300000", seconds = "20"] = process.argv.slice(2);
const sleep = (s: number) => new Promise(resolve => setTimeout(resolve, s * 1000));

const runtimes = ["deno", "bun"].map(name => [name, findBinary(name as "deno" | "bun")] as const);
for (const [name, path] of runtimes) {
  if (path === null) console.log(`${name}: not installed`);
  else console.log(`${name}: ${await measure(name, path)}`);
}

async function measure(name: string, path: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "cirron-top-"));
  const program = join(folder, "writer.ts");
  writeFileSync(program, WRITER);
  const flags = name === "deno" ? ["run", "-A", "--no-check"] : [];
  const children: ChildProcess[] = [];
  const start = (command: string, args: readonly string[]): ChildProcess => {
    const child = spawn(command, [...args], { stdio: ["pipe", "ignore", "inherit"] });
    children.push(child);
    return child;
  };
  try {
    // The writer is the same for both: Bun's.
    start(findBinary("bun")!, [program, rate, join(folder, "journal")]);
    await sleep(2);
    const command = [path, ...flags, join(ROOT, "cli.ts"), "top", folder].map(word => `'${word}'`).join(" ");
    const terminal = start("script", ["-qec", `exec ${command}`, "/dev/null"]);
    await sleep(WARM_S);
    const pid = childOf(terminal.pid!);
    const before = ticksOf(pid);
    await sleep(Number(seconds));
    const share = (ticksOf(pid) - before) / Number(seconds);
    terminal.stdin!.write("q");
    await sleep(1);
    return `${share.toFixed(2)} % of a core at ${rate} spans/s, load of the machine ${loadOf()}`;
  } finally {
    for (const child of children) {
      const ended = new Promise(resolve => child.on("exit", resolve));
      if (child.exitCode === null && child.kill()) await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The process that another started, which its shell made way for. */
function childOf(pid: number): number {
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name) && statOf(Number(name))?.[1] === String(pid)) return Number(name);
  }
  throw new Error(`process ${pid} started nothing`);
}

/** Hundredths of a second that a process has used. */
function ticksOf(pid: number): number {
  const fields = statOf(pid);
  if (fields === null) throw new Error(`process ${pid} has ended`);
  return Number(fields[11]) + Number(fields[12]);
}

function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function loadOf(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ")[0];
}
