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
  const { evictedUntilNs, id, startNs } = snapshot;
  if (evictedUntilNs === undefined) return null;
  let missing = -1;
  let found: Uint8Array | null = null;
  for (let i = 0; i < rows.length; i++) {
    // What began after all that was evicted had closed has lost nothing, and neither has what was opened after all that is missing.
    if (startNs[rows[i]] >= evictedUntilNs) continue;
    if (missing < 0) missing = lastMissing(snapshot);
    if (id[rows[i]] > missing || id[rows[i]] === 0) continue; // 0 holds marks alone
    found ??= new Uint8Array(rows.length);
    found[i] = 1;
  }
  return found;
}

/** The greatest number below that of the newest span which no span of the snapshot has. */
function lastMissing({ id, length }: Snapshot): number {
  const ids = id.slice(0, length).sort();
  let last = length - 1;
  while (last > 0 && ids[last - 1] === ids[last] - 1) last--;
  return ids[last] - 1;
}
