/**
 * All of something into a file, however much of it the system takes at a time.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";

/**
 * Writes all bytes.
 * @throws What the runtime throws; then some of them may have been written. An Error with the code `EIO` if it takes none.
 */
export function writeWhole(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    const count = node.fs.writeSync(file, bytes, done, bytes.length - done);
    if (!(count > 0)) throw Object.assign(new Error("Nothing could be written"), { code: "EIO" });
    done += count;
  }
}
