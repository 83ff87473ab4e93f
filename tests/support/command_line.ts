/**
 * Commands called as functions: what they write is kept, and nothing reaches the test's own stdout.
 *
 * @module
 */
import { callCommand } from "../../src/cli/cirron.ts";
import type { Progress } from "../../src/cli/progress.ts";
import type { Terminal } from "../../src/runtime/terminal.ts";
import { type Fields, fileOf, spanOf, TestSpool } from "./spool.ts";

/** What a command left behind. */
export interface Answer {
  readonly code: number;
  /** What it wrote to stdout, as text. */
  readonly out: string;
  /** Its lines on stderr. */
  readonly errors: readonly string[];
  /** The files that it had the desktop open. */
  readonly opened: readonly string[];
}

/** How a command is called. */
export interface CallOptions {
  readonly terminal?: Terminal | null;
  /** How wide it is. */
  readonly columns?: number;
  /** Told how far the command has come. */
  readonly progress?: Progress | null;
  /** Called with each piece for stdout, before it is kept. */
  readonly onWrite?: () => void;
  /** Called in place of the desktop. */
  readonly onOpen?: () => void;
}

/** Calls `cirron` with `args`. */
export async function callCirron(args: readonly string[], options: CallOptions = {}): Promise<Answer> {
  let out = "";
  const errors: string[] = [];
  const opened: string[] = [];
  const code = await callCommand(args, {
    write: content => {
      options.onWrite?.();
      out += typeof content === "string" ? content : new TextDecoder("latin1").decode(content);
    },
    complain: line => void errors.push(line),
    terminal: () => options.terminal ?? null,
    columns: () => options.columns ?? Infinity,
    progress: () => Promise.resolve(options.progress ?? null),
    openFile: path => {
      options.onOpen?.();
      opened.push(path);
      return Promise.resolve();
    },
  });
  return { code, out, errors, opened };
}

/** The root span of a session, `us` microseconds after the first, a second long. */
export function sessionOf(id: string, us = 0, more: Fields = {}): Fields {
  const span = spanOf(id, us, { name: "cirron.session", ...more });
  return {
    ...span,
    end_ns: (span.start_ns as bigint) + 1_000_000_000n,
    attrs: { pid: 7, rank: 0, runtime: "deno", runtime_version: "2.9.6", ...more.attrs as object },
  };
}

/** A session of two requests with a query each, the first slower and failed. */
export function serverSpool(): TestSpool {
  const spool = new TestSpool();
  const request = (id: string, us: number, ms: bigint, more: Fields = {}): Fields => {
    const span = spanOf(id, us, { name: "request", parent_id: "s", ...more });
    return { ...span, end_ns: (span.start_ns as bigint) + ms * 1_000_000n };
  };
  spool.add(fileOf([
    spanOf("q1", 1100, { name: "query", parent_id: "r1" }),
    request("r1", 1000, 30n, { attrs: { path: "/users", status: 500, error: "Error: no" } }),
    spanOf("q2", 50_100, { name: "query", parent_id: "r2" }),
    request("r2", 50_000, 5n, { attrs: { path: "/", status: 200 } }),
  ]));
  spool.add(fileOf([sessionOf("s")]));
  return spool;
}
