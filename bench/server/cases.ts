/**
 * What tracing costs a server: processor time of a request beyond that of the same server untraced, in one process and over HTTP,
 * and what is resident beyond it. Each figure is of a process of its own; contestants take turns.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Case, Group } from "../case.ts";
import { start } from "../programs.ts";
import { type ContestantName, CONTESTANTS } from "./contestants.ts";

/** Requests before it is measured: what is kept of spans is full by then, and everything is compiled. */
const WARM = 30_000;

const OTHER: ContestantName = "OpenTelemetry JS";
const NOBODY: ContestantName = "nobody";

/** At most so many times of what OpenTelemetry JS adds, by the runtime. */
const BOUNDS: Readonly<Record<string, { readonly deno: number; readonly bun: number } | undefined>> = {
  "cirron, output none": { deno: 0.35, bun: 0.5 },
  "cirron, output spool": { deno: 0.55, bun: 1.1 },
  "cirron, output journal": { deno: 0.45, bun: 0.6 },
};

/** What may be resident beyond the untraced server, with the newest 100 000 spans kept. */
const RESIDENT_BYTES = 40e6;

// What Deno's lock file is for: see bench/peers.
const FLAGS = ["-A", "--lock=bench/peers/deno.lock"];
const PROGRAM = fileURLToPath(new URL("./serve.ts", import.meta.url));

/** Groups of this file. */
export const serverGroups: readonly Group[] = [
  { name: "server", cases: () => serverCases("fetch", 50_000), ...groupOptions() },
  { name: "server, HTTP", cases: () => serverCases("http", 30_000), ...groupOptions() },
];

function groupOptions(): Pick<Group, "seconds" | "leastRounds" | "startsPrograms"> {
  return { seconds: 1, leastRounds: 5, startsPrograms: true };
}

function serverCases(way: "fetch" | "http", requests: number): Case[] {
  const names = Object.keys(CONTESTANTS) as ContestantName[];
  const suffix = way === "http" ? ", over HTTP" : "";
  const runtime = "Deno" in globalThis ? "deno" : "bun";
  return names.flatMap(name => {
    // One process tells both.
    const waiting: Record<"ns" | "bytes", number[]> = { ns: [], bytes: [] };
    const next = (unit: "ns" | "bytes") => {
      if (waiting[unit].length === 0) {
        const args = [name, way, String(WARM), String(requests)];
        const [ns, bytes] = JSON.parse(start(PROGRAM, args, FLAGS)) as [number, number];
        waiting.ns.push(ns);
        waiting.bytes.push(bytes);
      }
      return waiting[unit].shift()!;
    };
    const title = (what: string, name: ContestantName) => `${what}, ${name}${suffix}`;
    const isOther = name === OTHER;
    const isOurs = name.startsWith("cirron");
    const request: Case = {
      name: title("a request", name),
      pieces: requests,
      run: () => next("ns"),
      added: name === NOBODY ? undefined : {
        over: title("a request", NOBODY),
        against: isOther ? undefined : title("a request", OTHER),
        atMost: BOUNDS[name]?.[runtime],
      },
    };
    const resident: Case = {
      name: title("resident", name),
      unit: "bytes",
      run: () => next("bytes"),
      added: name === NOBODY
        ? undefined
        : { over: title("resident", NOBODY), atMost: isOurs ? RESIDENT_BYTES : undefined },
    };
    return [request, resident];
  });
}
