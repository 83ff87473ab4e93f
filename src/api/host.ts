/**
 * Where a trace is read back: what the process's own stdout, notebook and DataFrame engine are to an engine that knows none.
 *
 * @module
 */
import type { CirronDependencyError } from "../data/errors.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import { stdoutTerminal, type Terminal } from "../runtime/terminal.ts";
import { deno } from "../runtime/which.ts";
import { requireFrameEngine } from "./frames.ts";
import { openSessionJournal, type ReadableEngine } from "./session_journal.ts";
import { trace, type TraceContext } from "./trace.ts";
import type { GivenTraceOptions } from "./trace_options.ts";

/** What tests put in place of the machine. */
export interface HostOptions {
  /** Writes a line to stdout. */
  readonly print?: (text: string) => void;
  readonly isNotebook?: () => boolean;
  /** How to write to stdout for eyes; null if it is no terminal. */
  readonly terminal?: () => Terminal | null;
}

/** Reads what an engine recorded, and shows it. */
export class Host {
  readonly #engine: ReadableEngine;
  readonly #options: HostOptions;

  constructor(engine: ReadableEngine, options: HostOptions = {}) {
    this.#engine = engine;
    this.#options = options;
  }

  /** Reads the buffer, or the session's journal. */
  trace(options?: GivenTraceOptions): unknown {
    const context = this.traceContext((last, open) => this.#engine.read(last, open));
    return trace({ ...context, journal: reading => openSessionJournal(this.#engine, reading) }, options);
  }

  /** What `trace` needs to read from `read` and to show on this host's terms. */
  traceContext(read: TraceContext["read"]): TraceContext {
    return {
      read,
      frameEngine: () => this.#findFrameEngine(),
      print: text => (this.#options.print ?? console.log)(text),
      isNotebook: this.#options.isNotebook ?? isNotebook,
      terminal: this.#options.terminal ?? stdoutTerminal,
    };
  }

  #findFrameEngine(): FrameEngine | CirronDependencyError {
    if (this.#engine.frameEngine !== null) return this.#engine.frameEngine;
    const found = requireFrameEngine();
    if (typeof found === "function") this.#engine.frameEngine = found;
    return found;
  }
}

// Deno has a notebook API in its Jupyter kernel alone: elsewhere the property throws or is absent.
function isNotebook(): boolean {
  try {
    return typeof deno<{ jupyter?: unknown }>()?.jupyter === "object";
  } catch {
    return false;
  }
}
