/**
 * The queries of docs/fleet.md, as the page has them.
 *
 * @module
 */
import { readSource } from "./sources.ts";

/** A query, and what the page says that it gives. */
export interface FleetQuery {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly sql: string;
  /** The block of text that follows it; null if none does. */
  readonly answer: string | null;
}

/** @param folder Of the files, in place of the page's. */
export function fleetQueries(folder: string): FleetQuery[] {
  const page = readSource("docs/fleet.md");
  return [...page.matchAll(/```sql\n(.*?)```\n(?:\n```text\n(.*?)```)?/gs)].map((
    { 1: sql, 2: answer, index },
  ) => ({
    heading: page.slice(0, index).split("\n").findLast(line => line.startsWith("#"))!.replace(/^#+ /, ""),
    sql: sql.replace("'fleet/", `'${folder}/`),
    answer: answer ?? null,
  }));
}
