/**
 * Cuts the torn tails of a recorder that has ended: foreign readers refuse a file whose last message is not complete.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { FileSource } from "./source.ts";
import { indexStream } from "./stream.ts";

/**
 * Bytes behind the last complete message of a segment.
 * @throws What the runtime throws if the file cannot be read.
 */
export function tornBytes(path: string): number {
  const { goodBytes, size } = tornAt(path);
  return goodBytes === 0 ? 0 : size - goodBytes; // of nothing that is ours nothing is torn
}

/**
 * Cuts a segment behind its last complete message. To be called only for one that nobody writes to. Follows no link.
 * @returns Bytes that were cut off.
 * @throws What the runtime throws if the file cannot be read or written.
 */
export function trimSegment(path: string): number {
  const { goodBytes, size } = tornAt(path);
  if (goodBytes === size || goodBytes === 0) return 0; // nothing is torn, or nothing is ours
  const { O_RDWR, O_NOFOLLOW = 0 } = node.fs.constants;
  const file = node.fs.openSync(path, O_RDWR | O_NOFOLLOW);
  try {
    node.fs.ftruncateSync(file, goodBytes);
  } finally {
    node.fs.closeSync(file);
  }
  return size - goodBytes;
}

function tornAt(path: string): { goodBytes: number; size: number } {
  using source = new FileSource(path);
  const { goodBytes, end } = indexStream(source);
  return { goodBytes: end === "torn" ? goodBytes : source.size, size: source.size };
}
