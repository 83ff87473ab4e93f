/**
 * Tables as text: columns that end below each other.
 *
 * @module
 */

/** Adds a column to `lines`, a cell each, flush right and with a space after it. */
export function addColumn(lines: string[], cells: readonly string[]): void {
  const width = cells.reduce((widest, text) => Math.max(widest, text.length), 0);
  cells.forEach((text, line) => lines[line] += `${text.padStart(width)} `);
}
