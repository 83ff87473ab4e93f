/**
 * The log that the NVML thread writes and the program's thread reads: a ring of bytes with one writer and one reader.
 *
 * @module
 */
import { NVML_FUNCTIONS, type NvmlFunction } from "../../../ffi/nvml.ts";
import { ANSWER_HEADER_BYTES, CELL, FILLER } from "../../../ffi/nvml_worker.ts";

/** What NVML answered to one call. */
export interface Answer {
  readonly name: NvmlFunction;
  /** The device's index; -1 for the library as a whole. */
  readonly device: number;
  /** The return code. */
  readonly code: number;
  /** When the call began, on the program's monotonic clock. */
  readonly beginNs: number;
  /** When it ended. */
  readonly endNs: number;
  /** Entries in the payload, where it is a list. */
  readonly count: number;
  /** The type of samples' values. */
  readonly extra: number;
  /** A copy of what was answered; empty if the call failed. */
  readonly payload: DataView;
}

/** Reads every answer that has come since the last time, oldest first, and makes room for more. */
export function readAnswers(header: Int32Array, log: Uint8Array, take: (answer: Answer) => void): void {
  const written = Atomics.load(header, CELL.written) >>> 0;
  let read = Atomics.load(header, CELL.read) >>> 0;
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  while (read !== written) {
    const at = read % log.length;
    const size = view.getUint32(at, true);
    const number = view.getUint32(at + 4, true);
    if (number !== FILLER) {
      take({
        name: NVML_FUNCTIONS[number],
        device: view.getInt32(at + 8, true),
        code: view.getInt32(at + 12, true),
        beginNs: view.getFloat64(at + 16, true),
        endNs: view.getFloat64(at + 24, true),
        count: view.getUint32(at + 32, true),
        extra: view.getUint32(at + 36, true),
        payload: new DataView(log.slice(at + ANSWER_HEADER_BYTES, at + size).buffer),
      });
    }
    read = (read + size) >>> 0;
    Atomics.store(header, CELL.read, read | 0);
  }
}
