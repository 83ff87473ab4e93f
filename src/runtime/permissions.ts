/**
 * What the runtime allows. Everything is asked for here before it is used, so that nothing ever prompts.
 *
 * @module
 */

/** The part of Deno's permission descriptors that the package asks about. */
export type Permission = "read" | "write" | "env" | "ffi" | "sys";

interface DenoPermissions {
  querySync(descriptor: { name: string; path?: string; variable?: string }): { state: string };
}

/** Whether all of `names` are granted without restriction. Runtimes without permissions grant everything. */
export function areGranted(...names: Permission[]): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: DenoPermissions } };
  if (Deno?.permissions === undefined) return true;
  return names.every(name => Deno.permissions!.querySync({ name }).state === "granted");
}

/** Whether files in `directory` may be made, read and renamed: what a spool needs. */
export function isWritable(directory: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: DenoPermissions } };
  if (Deno?.permissions === undefined) return true;
  try {
    return ["read", "write"].every(name =>
      Deno.permissions!.querySync({ name, path: directory }).state === "granted"
    );
  } catch {
    return false; // no path that Deno knows
  }
}

/** Whether what lies at `path` may be read. */
export function isReadable(path: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: DenoPermissions } };
  return Deno?.permissions === undefined
    || Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** Whether the environment variable `name` may be read. */
export function isVariableReadable(name: string): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: DenoPermissions } };
  return Deno?.permissions === undefined
    || Deno.permissions.querySync({ name: "env", variable: name }).state === "granted";
}
