/**
 * Spool files read back by the tests: nothing of `src/` is used for it.
 *
 * @module
 */
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseExact } from "./exact_json.ts";

/** A span or mark as a file has it; integers are bigints. */
export type FileRow = Record<string, unknown> & { readonly id: string; readonly name: string };

/** A file. */
export interface SpoolFile {
  readonly file: string;
  readonly schema_version: bigint;
  readonly sdk_version: string;
  readonly batch_id: string;
  readonly created_ns: bigint;
  readonly spans: FileRow[];
  readonly marks: FileRow[];
  readonly snapshots: unknown[];
}

/**
 * The names in a directory, sorted, but for the files by which sessions say that they have started; none if there is no such
 * directory.
 */
export function namesIn(directory: string): string[] {
  return allNamesIn(directory).filter(name => !name.endsWith(".json") || !isHeaderIn(directory, name));
}

// What a test has put there need not be JSON, and may be gone again.
function isHeaderIn(directory: string, name: string): boolean {
  const text = readFileSync(join(directory, name), "utf8");
  return text.includes("cirron.unfinished") && isHeader(readFile(directory, name));
}

/** All names in a directory, sorted; none if there is no such directory. */
export function allNamesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** The files that end in `.json`, sorted by name, but for those by which sessions say that they have started. */
export function readFiles(directory: string): SpoolFile[] {
  return allNamesIn(directory).filter(name => name.endsWith(".json")).map(name => readFile(directory, name))
    .filter(file => !isHeader(file));
}

/** The files by which sessions say that they have started. */
export function readHeaders(directory: string): SpoolFile[] {
  return allNamesIn(directory).filter(name => name.endsWith(".json")).map(name => readFile(directory, name))
    .filter(isHeader);
}

function readFile(directory: string, name: string): SpoolFile {
  return {
    file: name,
    ...parseExact(readFileSync(join(directory, name), "utf8")) as Omit<SpoolFile, "file">,
  };
}

function isHeader({ spans }: SpoolFile): boolean {
  return spans?.length === 1 && (spans[0].attrs as Record<string, unknown>)["cirron.unfinished"] === true;
}

/** The names of all spans in a directory, with their index. */
export function spooledNames(directory: string): string[] {
  return readFiles(directory).flatMap(file => file.spans)
    .map(({ name, index }) => index === null ? name : `${name}[${index}]`);
}

let planted = 0;

/** Writes a file of somebody else's, dated `ms` since 1970. */
export function plant(directory: string, ms: number, size = 1000, suffix = ""): string {
  const id = String(planted++).padStart(32, "0");
  const name = `${String(Math.floor(ms)).padStart(14, "0")}000000-${id}.json${suffix}`;
  writeFileSync(join(directory, name), "x".repeat(size));
  utimesSync(join(directory, name), ms / 1000, ms / 1000);
  return name;
}

/** Bytes of all files in a directory. */
export function bytesIn(directory: string): number {
  return allNamesIn(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
}
