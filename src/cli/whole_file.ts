/**
 * What a command makes, written where its user says: a file that is there as a whole, or not at all.
 *
 * @module
 */
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { node } from "../runtime/builtins.ts";
import { soon } from "../runtime/host_calls.ts";
import { isWritable } from "../runtime/permissions.ts";

/** What stands for stdout in place of a file. */
export const STDOUT_PATH = "-";

/**
 * Writes a file under a temporary name beside it, and renames it; a signal on the way removes it. A link is followed, and what is no file,
 * as /dev/null, is written to as it is.
 * @returns How many bytes it has.
 * @throws {CirronError} If it cannot be written.
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<number> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const { dirname } = node.path;
  if (!isWritable(dirname(path))) {
    const flags = ["read", "write"].map(name => `--allow-${name}=${dirname(path)}`).join(" ");
    throw new CirronError(`Cannot write ${quote(path)}: Deno needs ${flags} for it`);
  }
  try {
    const found = node.fs.statSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) {
      await replace(found === undefined ? path : node.fs.realpathSync(path), bytes);
    } else node.fs.writeFileSync(path, bytes);
  } catch (cause) {
    throw new CirronError(`Cannot write ${quote(path)}: ${reasonText(cause)}`, { cause });
  }
  return bytes.length;
}

/** Why something could not be written, in a few words. */
export function reasonText(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  return REASONS[code ?? ""] ?? code ?? message;
}

/** A turn of the event loop: in it the program hears the signals that were sent to it. */
export function turn(): Promise<void> {
  return new Promise(resolve => void soon(resolve));
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "it is not permitted",
  EISDIR: "it is a directory",
  ENOENT: "there is no such directory",
  ENOSPC: "the disk is full",
  ENOTDIR: "it lies in what is no directory",
  EROFS: "the disk may only be read",
};

/** Between two pieces of so many bytes a signal is heard. */
const PIECE_BYTES = 1 << 24;

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${node.process.pid}.tmp`;
  const remove = () => node.fs.rmSync(temporary, { force: true });
  // What listens to signals is loaded here: a help needs none of it.
  const { onExit } = await import("../runtime/exit.ts");
  const file = node.fs.openSync(temporary, "wx");
  const forget = onExit(remove);
  try {
    try {
      for (let done = 0; done < bytes.length;) {
        done += node.fs.writeSync(file, bytes, done, Math.min(PIECE_BYTES, bytes.length - done));
        await turn();
      }
    } finally {
      node.fs.closeSync(file);
    }
    node.fs.renameSync(temporary, path);
  } catch (error) {
    remove();
    throw error;
  } finally {
    forget();
  }
}
