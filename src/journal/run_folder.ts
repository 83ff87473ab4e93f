/**
 * The folders of runs, read: which there are, and which files.
 *
 * @module
 */
import { node } from "../runtime/builtins.ts";
import { type JournalKind, parseSegmentName, RUN_NAME, SESSION_FILE, THREAD_NAME } from "./format.ts";
import { parseSession, SESSION_BYTES, type SessionInfo } from "./session_file.ts";
import { FileSource } from "./source.ts";

/** What a recorder has left, or is writing. */
export interface RecorderFolder {
  readonly path: string;
  /** Null if it cannot be read: then the schema of each segment says what is needed of it. */
  readonly session: SessionInfo | null;
  /** Paths of the segments of each stream, oldest first. */
  readonly segments: Readonly<Record<JournalKind, readonly string[]>>;
}

/**
 * The runs in a folder, oldest first.
 * @throws What the runtime throws for a directory that is not there or may not be read.
 */
export function runsIn(directory: string): string[] {
  return node.fs.readdirSync(directory).filter(name => RUN_NAME.test(name)).sort()
    .map(name => node.path.join(directory, name));
}

/**
 * The recorders of a run, by number of thread.
 * @throws What the runtime throws for a directory that is not there or may not be read.
 */
export function recordersIn(run: string): RecorderFolder[] {
  return node.fs.readdirSync(run).filter(name => THREAD_NAME.test(name)).sort((a, b) => Number(a) - Number(b))
    .map(name => recorderIn(node.path.join(run, name)));
}

/** What lies in a recorder's folder. What cannot be read is not there. */
export function recorderIn(path: string): RecorderFolder {
  const found: { kind: JournalKind; segment: number; path: string }[] = [];
  for (const name of namesOf(path)) {
    const parsed = parseSegmentName(name);
    if (parsed !== null) found.push({ ...parsed, path: node.path.join(path, name) });
  }
  found.sort((a, b) => a.segment - b.segment);
  const of = (kind: JournalKind) => found.filter(one => one.kind === kind).map(({ path }) => path);
  return {
    path,
    session: readSession(path),
    segments: { spans: of("spans"), marks: of("marks"), opens: of("opens") },
  };
}

/** What a folder's session says; null if there is none, or none that can be read. Never throws. */
export function readSession(folder: string): SessionInfo | null {
  try {
    using file = new FileSource(node.path.join(folder, SESSION_FILE));
    if (file.size > SESSION_BYTES) return null;
    return parseSession(new TextDecoder().decode(file.read(0, SESSION_BYTES)));
  } catch {
    return null;
  }
}

function namesOf(path: string): string[] {
  try {
    return node.fs.readdirSync(path);
  } catch {
    return [];
  }
}
