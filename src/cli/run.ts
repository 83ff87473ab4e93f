/**
 * `cirron run`: a command with a journal.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { JSON_OPTION, UsageError } from "./argument_spec.ts";
import { type Call, type Command, EXIT } from "./command.ts";
import type { EndedCommand } from "./run_report.ts";

/** What shells give for a command that is not there, and one that cannot be started. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;

/** Signals that are handed on. */
const PASSED = ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2"];

/** Those that a terminal sends to all that run in it, the command among them. */
const FROM_TERMINAL = ["SIGINT", "SIGQUIT"];

/** See the module. */
export const command: Command = {
  operands: "[--] COMMAND [ARGUMENT...]",
  isCommandLine: true,
  details: `Programs that it starts, at any depth, record into one journal: profile() where
it was called without an output, and the first scope where it was never called.
stdin and stdout are the command's own. At its end the summary goes to stderr.
Signals are passed on, and it is waited for. The exit code is the command's,
128 and the signal's number if one killed it, 127 if there is no such command.
In Deno the program must be permitted to read its environment and to write.`,
  options: [
    { name: "output", short: "o", value: "DIR", about: "where the folder journal goes; .cirron without" },
    { name: "no-summary", about: "say how it ended and where the run lies, and no more" },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron run -- deno run -A train.ts", about: "a program, and where its time went" },
    { line: "cirron run -o results -- sh train.sh", about: "whatever a script starts, into a folder" },
    { line: "cirron run --json -- bun train.ts 2> report.json", about: "the report for a program" },
  ],
  run: async call => {
    const { io, options, operands: [name, ...args] } = call;
    if (name === undefined) throw new UsageError("needs a command: cirron run -- COMMAND");
    const [{ startChild, StartError }, { isRunnable }, { openClock }, surroundings] = await Promise.all([
      import("../runtime/child.ts"),
      import("../runtime/permissions.ts"),
      import("../meters/clock.ts"),
      import("./run_environment.ts"),
    ]);
    if (!isRunnable(name)) {
      throw new CirronError(`Cannot start ${name}: Deno needs --allow-run=${name} for it`);
    }
    const { env, traceId, directory } = surroundings.runEnvironment(options.text("output"));
    const { unixNs, nowNs } = openClock();
    const startNs = unixNs();
    const before = nowNs();
    let ended: EndedCommand;
    // Before it is started: what comes meanwhile is handed on then.
    const waiting: string[] = [];
    let pass = (signal: string): void => void waiting.push(signal);
    // Not `using`: as TypeScript 6.0 lowers it for Node 22, imports in the same function keep their `.ts`.
    const signals = await takeThem(signal => pass(signal));
    try {
      const child = await startChild(name, args, env);
      pass = signal => child.kill(signal);
      for (const signal of waiting) pass(signal);
      const end = await child.ended;
      ended = {
        command: name,
        pid: child.pid,
        end,
        wallUs: (nowNs() - before) / 1000,
        traceId,
        startNs,
        directory,
      };
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      io.complain(`cirron: ${error.message}`);
      signals[Symbol.dispose]();
      return error.isNotFound ? NOT_FOUND : NOT_STARTED;
    }
    try {
      await report(call, ended);
    } finally {
      signals[Symbol.dispose]();
    }
    return await exitCodeOf(ended);
  },
};

async function takeThem(onSignal: (signal: string) => void): Promise<Disposable> {
  const [{ takeSignals }, { hasKeyboard }] = await Promise.all([
    import("../runtime/passed_signals.ts"),
    import("../runtime/keyboard.ts"),
  ]);
  const isOnTerminal = hasKeyboard();
  return takeSignals(PASSED, signal => {
    if (!(isOnTerminal && FROM_TERMINAL.includes(signal))) onSignal(signal);
  });
}

async function report({ io, options }: Call, ended: EndedCommand): Promise<void> {
  const [
    { endText, nothingText, reportJson, reportLines, runsOf },
    { readRecorded },
    { stdoutSize, isStderrTerminal },
  ] = await Promise.all([
    import("./run_report.ts"),
    import("./reading.ts"),
    import("../runtime/terminal.ts"),
  ]);
  // Whatever happens to the report, the command has ended as it has.
  try {
    const runs = runsOf(ended);
    const recorded = runs.length === 0 || (options.has("no-summary") && !options.has("json"))
      ? null
      : readRecorded(runs, io, { progress: await io.progress() });
    if (options.has("json")) {
      io.complain(jsonOf(reportJson(ended, runs, recorded)));
    } else if (runs.length === 0) {
      io.complain(`cirron: ${endText(ended)}; ${nothingText(ended)}`);
    } else if (recorded === null) {
      io.complain(
        `cirron: ${endText(ended)}; ${
          runs.length === 1 ? runs[0] : `${runs.length} runs in ${ended.directory}`
        }`,
      );
    } else {
      const columns = isStderrTerminal() ? stdoutSize().columns : Infinity;
      for (const line of reportLines(ended, runs, recorded, columns)) io.complain(line);
    }
  } catch (error) {
    io.complain(`cirron: ${endText(ended)}; what it recorded cannot be read: ${(error as Error).message}`);
  }
}

async function exitCodeOf({ end: { code, signal } }: EndedCommand): Promise<number> {
  if (signal === null) return code ?? EXIT.failure;
  const { load } = await import("../runtime/builtins.ts");
  const { constants } = load<{ constants: { signals: Record<string, number> } }>("node:os");
  return 128 + (constants.signals[signal] ?? 0);
}
