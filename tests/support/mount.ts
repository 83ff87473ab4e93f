/**
 * File systems of the tests' own, small enough to be full.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { TempDirectory } from "./temp_directory.ts";

/** Why nothing can be mounted here, for `testUnless`; null if it can. */
export function findMountTrouble(): string | null {
  if (process.platform !== "linux") return "tmpfs is Linux's";
  if (process.getuid?.() !== 0) return "only root may mount";
  using folder = new TempDirectory();
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder.path]);
  if (status === 0) spawnSync("umount", [folder.path]);
  return status === 0 ? null : "mount is not permitted";
}

/** Why no program can be started that sees other mounts than this one, for `testUnless`; null if it can. */
export function findUnshareTrouble(): string | null {
  if (process.platform !== "linux") return "mount namespaces are Linux's";
  if (process.getuid?.() !== 0) return "only root may mount";
  const { status } = spawnSync("unshare", ["-m", "true"]);
  return status === 0 ? null : "unshare is not permitted, or not there";
}

/** A small file system, unmounted when disposed of. */
export class Mount {
  readonly #folder = new TempDirectory();
  readonly path: string = this.#folder.path;

  /** @param options As `mount -o` takes them, such as `"size=64k"`. */
  constructor(options: string) {
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", this.path]);
    assertEquals(status, 0);
  }

  /** Changes an option, such as `"ro"`. */
  remount(options: string): void {
    assertEquals(spawnSync("mount", ["-o", `remount,${options}`, this.path]).status, 0);
  }

  [Symbol.dispose](): void {
    spawnSync("umount", [this.path]);
    this.#folder[Symbol.dispose]();
  }
}
