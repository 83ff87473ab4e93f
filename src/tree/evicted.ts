/**
 * Which spans of a tree may have lost children to eviction. What was evicted is gone, so no span is known to have lost any; of
 * most it is known that they have not.
 *
 * @module
 */
import type { Snapshot } from "../data/snapshot.ts";
import type { Tree } from "./tree.ts";

/** 1 at the positions of spans that may have lost children; null if there are none. */
export function findEvicted({ snapshot, rows }: Tree): Uint8Array | null {
  const { eviction, id, startNs } = snapshot;
  if (eviction === undefined) return null;
  let missing = -1;
  let found: Uint8Array | null = null;
  for (let i = 0; i < rows.length; i++) {
    // What began after all that was evicted had closed has lost nothing, and neither has what was opened after all that is missing.
    if (startNs[rows[i]] >= eviction.untilNs) continue;
    if (missing < 0) missing = lastMissing(snapshot, eviction.lastId);
    if (id[rows[i]] > missing || id[rows[i]] === 0) continue; // 0 holds marks alone
    found ??= new Uint8Array(rows.length);
    found[i] = 1;
  }
  return found;
}

/** The greatest id up to `lastId` that no span of the snapshot has. */
function lastMissing({ id, length }: Snapshot, lastId: number): number {
  const ids = id.slice(0, length).sort();
  let missing = lastId;
  for (let i = length - 1; i >= 0 && ids[i] === missing; i--) missing--;
  return missing;
}
