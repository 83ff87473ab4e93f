/**
 * What the writer and the reader of a spool must agree on; docs/spool-format.md says the rest.
 *
 * @module
 */

/** Version of the file format. */
export const SPOOL_SCHEMA_VERSION = 1;

/** Where a spool lies by default. */
export const DEFAULT_SPOOL_DIRECTORY = ".cirron/spool";

/** Names of spool files: `<created_ns, 20 digits>-<32 hex>.json`. Sorted as text, they are sorted by time. */
export const SPOOL_FILE_NAME: RegExp = /^\d{20}-[0-9a-f]{32}\.json$/;

/** The name of the file of a batch. */
export function spoolFileName(createdNs: bigint, batchId: string): string {
  return `${String(createdNs).padStart(20, "0")}-${batchId}.json`;
}

/** Names of files that are being written, or were when their writer was killed. */
export const SPOOL_TEMPORARY_NAME: RegExp = /^\d{20}-[0-9a-f]{32}\.json\.tmp$/;
