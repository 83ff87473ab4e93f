/**
 * Another program as a child of this one, with this one's own stdin, stdout and stderr.
 *
 * @module
 */
import { load } from "./builtins.ts";
import { guarded, listen } from "./host_calls.ts";
import { deno } from "./which.ts";

/** How a child ended. */
export interface ChildEnd {
  /** Null if a signal killed it. */
  readonly code: number | null;
  /** The signal that killed it, by its name; null if none did. */
  readonly signal: string | null;
}

/** A child that runs. */
export interface Child {
  readonly pid: number;
  readonly ended: Promise<ChildEnd>;
  /** Sends it a signal; does nothing once it has ended. */
  kill(signal: string): void;
}

/** A program that cannot be started. */
export class StartError extends Error {
  /** Whether there is none of this name. */
  readonly isNotFound: boolean;

  constructor(message: string, isNotFound: boolean) {
    super(message);
    this.isNotFound = isNotFound;
  }
}

interface DenoChild {
  readonly pid: number;
  readonly status: Promise<{ code: number; signal: string | null }>;
  kill(signal: string): void;
}

interface DenoCommands {
  Command: new(command: string, options: object) => { spawn(): DenoChild };
}

interface NodeChild {
  readonly pid?: number;
  on(event: string, listener: (...given: never[]) => void): void;
  kill(signal: string): boolean;
}

interface ChildProcess {
  spawn(command: string, args: readonly string[], options: object): NodeChild;
}

/**
 * Starts a program.
 * @param env The environment that is set besides this process's own.
 * @throws {StartError} If it cannot.
 */
export function startChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  const namespace = deno<DenoCommands>();
  // Deno's `node:child_process` takes its own path for node's, and would change the arguments.
  return namespace === null ? startInNode(command, args, env) : startInDeno(namespace, command, args, env);
}

function startInDeno(
  { Command }: DenoCommands,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  let child: DenoChild;
  try {
    const streams = { stdin: "inherit", stdout: "inherit", stderr: "inherit" };
    child = new Command(command, { args, env, ...streams }).spawn();
  } catch (error) {
    const { name, message } = error as Error;
    return Promise.reject(
      startError(command, name === "NotFound" ? "ENOENT" : name === "PermissionDenied" ? "EACCES" : message),
    );
  }
  return Promise.resolve({
    pid: child.pid,
    ended: child.status.then(({ code, signal }) =>
      signal === null ? { code, signal } : { code: null, signal }
    ),
    kill: signal => quietly(() => child.kill(signal)),
  });
}

function startInNode(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  return new Promise((resolve, reject) => {
    const { spawn } = load<ChildProcess>("node:child_process");
    let child: NodeChild;
    try {
      child = spawn(command, args, { stdio: "inherit", env: { ...processEnv(), ...env } });
    } catch (error) {
      reject(startError(command, (error as { code?: string }).code ?? (error as Error).message));
      return;
    }
    const failed = (error: { code?: string; message: string }) =>
      reject(startError(command, error.code ?? error.message));
    listen(child, "error", guarded(failed));
    const ended = new Promise<ChildEnd>(end => {
      listen(child, "exit", guarded((code: number | null, signal: string | null) => end({ code, signal })));
    });
    listen(
      child,
      "spawn",
      guarded(() =>
        resolve({ pid: child.pid ?? 0, ended, kill: signal => quietly(() => void child.kill(signal)) })
      ),
    );
  });
}

function processEnv(): Record<string, string | undefined> {
  return load<{ env: Record<string, string | undefined> }>("node:process").env;
}

function startError(command: string, reason: string): StartError {
  if (reason === "ENOENT") return new StartError(`${command}: there is no such command`, true);
  return new StartError(
    `${command}: cannot be started (${reason === "EACCES" ? "it is not permitted" : reason})`,
    false,
  );
}

function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // it has ended
  }
}
