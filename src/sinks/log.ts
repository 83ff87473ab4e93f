/**
 * Sinks that write a line per closed span.
 *
 * @module
 */
import type { Sink } from "./sink.ts";

/** What the log sink writes to. */
export interface Logger {
  /** Writes a line. */
  info(line: string): void;
}

/** Writes each closed span through `logger.info`: `[cirron] forward - 29us {loss=0.5000}`. */
export function logSink(logger: Logger): Sink {
  return {
    emit: batch => {
      for (const line of batch.lines) logger.info(`[cirron] ${line}`);
    },
  };
}

/** Writes each closed span to stdout. */
export function stdoutSink(print: (text: string) => void): Sink {
  return {
    emit: batch => {
      if (batch.lines.length > 0) print(batch.lines.map(line => `[cirron] ${line}`).join("\n"));
    },
  };
}
