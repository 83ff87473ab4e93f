/**
 * The package's version. A test compares it with deno.json.
 *
 * @module
 */

/** Version of the package that records. */
export const VERSION = "0.1.0";
