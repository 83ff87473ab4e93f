/**
 * What the runtime allows. Everything is asked for here before it is used, so that nothing ever prompts.
 *
 * @module
 */

/** The part of Deno's permission descriptors that the package asks about. */
export type Permission = "read" | "write" | "env" | "ffi" | "sys";

interface DenoPermissions {
  querySync(descriptor: { name: string; path?: string }): { state: string };
}

/** Whether all of `names` are granted without restriction. Runtimes without permissions grant everything. */
export function areGranted(...names: Permission[]): boolean {
  const { Deno } = globalThis as { Deno?: { permissions?: DenoPermissions } };
  if (Deno?.permissions === undefined) return true;
  return names.every(name => Deno.permissions!.querySync({ name }).state === "granted");
}
