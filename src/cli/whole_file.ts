/**
 * What a command makes, written where its user says: a file that is there as a whole, or not at all.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { node } from "../runtime/builtins.ts";
import { isWritable } from "../runtime/permissions.ts";

/** What stands for stdout in place of a file. */
export const STDOUT_PATH = "-";

/**
 * Writes a file under a temporary name beside it, and renames it. A link is followed, and what is no file, as /dev/null, is
 * written to as it is.
 * @returns How many bytes it has.
 * @throws {CirronError} If it cannot be written.
 */
export function writeWhole(path: string, content: string | Uint8Array): number {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const { dirname } = node.path;
  if (!isWritable(dirname(path))) {
    const flags = ["read", "write"].map(name => `--allow-${name}=${dirname(path)}`).join(" ");
    throw new CirronError(`Cannot write ${quote(path)}: Deno needs ${flags} for it`);
  }
  try {
    const found = node.fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) {
      replace(found === undefined ? path : node.fs.realpathSync(path), bytes);
    } else node.fs.writeFileSync(path, bytes);
  } catch (cause) {
    const { code, message } = cause as { code?: string; message: string };
    throw new CirronError(`Cannot write ${quote(path)}: ${REASONS[code ?? ""] ?? code ?? message}`, {
      cause,
    });
  }
  return bytes.length;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "it is not permitted",
  EISDIR: "it is a directory",
  ENOENT: "there is no such directory",
  ENOSPC: "the disk is full",
  ENOTDIR: "it lies in what is no directory",
};

function replace(path: string, bytes: Uint8Array): void {
  const temporary = `${path}.${node.process.pid}.tmp`;
  const file = node.fs.openSync(temporary, "wx");
  try {
    try {
      for (let done = 0; done < bytes.length;) done += node.fs.writeSync(file, bytes, done);
    } finally {
      node.fs.closeSync(file);
    }
    node.fs.renameSync(temporary, path);
  } catch (error) {
    node.fs.rmSync(temporary, { force: true });
    throw error;
  }
}
