/**
 * Which files of a journal go when old runs do, and their removal.
 *
 * @module
 */
import { parseSegmentName, SESSION_FILE, THREAD_NAME } from "../journal/format.ts";
import { livenessOf } from "../journal/liveness.ts";
import { readSession } from "../journal/run_folder.ts";
import { node } from "../runtime/builtins.ts";

/** A file of a run. */
export interface RunFile {
  /** With the names of the folders it lies in, from that of all runs on. */
  readonly name: string;
  readonly size: number;
}

/**
 * The files of a run that have the names of a journal's, and lie in no link.
 * @param directory The folder of all runs.
 */
export function filesOfRun(directory: string, run: string): RunFile[] {
  const files: RunFile[] = [];
  for (const thread of namesIn(node.path.join(directory, run)).filter(name => THREAD_NAME.test(name))) {
    const folder = node.path.join(directory, run, thread);
    for (const name of namesIn(folder)) {
      const size = isOurs(name) ? sizeOf(node.path.join(folder, name)) : null;
      if (size !== null) files.push({ name: `${run}/${thread}/${name}`, size });
    }
  }
  return files;
}

/**
 * Whether each thread of a run has ended, or its process is gone. What cannot be told is taken for running: Deno shows only to a program
 * that may do anything which processes there are.
 */
export function isOver(directory: string, run: string): boolean {
  const path = node.path.join(directory, run);
  return namesIn(path).filter(name => THREAD_NAME.test(name)).every(thread => {
    const folder = node.path.join(path, thread);
    const session = readSession(folder);
    if (session === null) return !namesIn(folder).some(isOurs);
    return ["ended", "unfinished"].includes(livenessOf(session));
  });
}

/** Removes a file; tells whether it did. */
export function removeRunFile(directory: string, { name }: RunFile): boolean {
  try {
    node.fs.unlinkSync(node.path.join(directory, name));
    return true;
  } catch {
    return false;
  }
}

/** Removes the folders of a run in which nothing is left. */
export function removeEmptyFolders(directory: string, run: string): void {
  const path = node.path.join(directory, run);
  const threads = namesIn(path).filter(name => THREAD_NAME.test(name));
  for (const folder of [...threads.map(name => node.path.join(path, name)), path]) {
    try {
      node.fs.rmdirSync(folder);
    } catch {
      // Something is in it that is not ours, or it is no folder.
    }
  }
}

function isOurs(name: string): boolean {
  return name === SESSION_FILE || name === `${SESSION_FILE}.tmp` || parseSegmentName(name) !== null;
}

function namesIn(path: string): string[] {
  try {
    return node.fs.lstatSync(path).isDirectory() ? node.fs.readdirSync(path).sort() : [];
  } catch {
    return [];
  }
}

function sizeOf(path: string): number | null {
  try {
    const found = node.fs.lstatSync(path);
    return found.isFile() ? found.size : null;
  } catch {
    return null;
  }
}
