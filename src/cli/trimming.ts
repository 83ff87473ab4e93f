/**
 * Cutting off what is torn in the runs of a journal that are over.
 *
 * @module
 */
import { defaultPaths, listDirectory } from "../api/recorded_files.ts";
import { quote } from "../data/arguments.ts";
import { CirronError } from "../data/errors.ts";
import { recordersIn } from "../journal/run_folder.ts";
import { tornBytes, trimSegment } from "../journal/trim.ts";
import { node } from "../runtime/builtins.ts";
import { isWritable } from "../runtime/permissions.ts";
import { isOver } from "./run_removal.ts";

/** What was cut off in a directory. */
export interface Trimming {
  readonly directory: string;
  /** Files that were torn. */
  readonly fileCount: number;
  readonly bytes: number;
}

/**
 * Cuts off what is torn in runs that are over.
 * @param operands A directory; without one, those that `profile()` writes to by default.
 * @param isDry Whether nothing is cut off, but only found.
 * @throws {CirronError} If a directory is not there, or it or a file may not be read or written.
 */
export function trimAll(operands: readonly string[], isDry: boolean): Trimming[] {
  return (operands.length > 0 ? operands : defaultPaths()).map(directory => trimRuns(directory, isDry));
}

function trimRuns(directory: string, isDry: boolean): Trimming {
  const { runs } = listDirectory(directory);
  if (!isDry && !isWritable(directory)) {
    throw new CirronError(`Cannot trim ${quote(directory)}: Deno needs --allow-write=${directory} for it`);
  }
  let fileCount = 0;
  let bytes = 0;
  for (const run of runs.filter(run => isOver(directory, run))) {
    for (const { segments } of recordersIn(node.path.join(directory, run))) {
      for (const path of Object.values(segments).flat()) {
        const cut = trim(path, isDry);
        bytes += cut;
        if (cut > 0) fileCount++;
      }
    }
  }
  return { directory, fileCount, bytes };
}

function trim(path: string, isDry: boolean): number {
  try {
    return isDry ? tornBytes(path) : trimSegment(path);
  } catch (cause) {
    throw new CirronError(`Cannot trim ${quote(path)}: ${(cause as Error).message}`, { cause });
  }
}
