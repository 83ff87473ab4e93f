/**
 * stdout and stderr, written to at once: what was written has been taken when the call returns, in the order of the calls. And stdin, read
 * as a whole.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { deno } from "./which.ts";

/** Who read what is written has gone, as `head` does once it has its lines. */
export class ReaderGone extends Error {}

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;

/**
 * Writes to stdout.
 * @throws {ReaderGone} If nobody reads it any more.
 */
export function writeToStdout(content: string | Uint8Array): void {
  write(STDOUT, content);
}

/** All that stdin gives, until its writer is done. */
export function readStdin(): Uint8Array {
  return node.fs.readFileSync(STDIN);
}

/** Whether somebody would type what stdin gives. */
export function isStdinTerminal(): boolean {
  return node.tty.isatty(STDIN);
}

/** Writes to stderr. Never throws: there is nowhere left to say so. */
export function writeToStderr(content: string): void {
  try {
    write(STDERR, content);
  } catch {
    // closed
  }
}

interface DenoStream {
  writeSync(bytes: Uint8Array): number;
}

/** Milliseconds until a pipe that is full, and does not wait by itself, is tried again. */
const FULL_PIPE_MS = 1;

function write(descriptor: typeof STDOUT | typeof STDERR, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  // Deno's own stream: `node:fs` would cost 20 ms of the start.
  const streams = deno<{ stdout: DenoStream; stderr: DenoStream }>();
  const stream = descriptor === STDOUT ? streams?.stdout : streams?.stderr;
  for (let done = 0; done < bytes.length;) {
    try {
      done += stream?.writeSync(bytes.subarray(done)) ?? node.fs.writeSync(descriptor, bytes, done);
    } catch (error) {
      const { code, name } = error as { code?: string; name?: string };
      if (code === "EPIPE" || name === "BrokenPipe") throw new ReaderGone("Nobody reads it any more");
      if (code !== "EAGAIN" && name !== "WouldBlock") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
    }
  }
}
