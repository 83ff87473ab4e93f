/**
 * Directories for one test.
 *
 * @module
 */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty directory outside the checkout, removed when disposed of. */
export class TempDirectory {
  readonly path: string = realpathSync(mkdtempSync(join(tmpdir(), "cirron-test-")));

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    writeFileSync(path, text);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
