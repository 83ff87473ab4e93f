/**
 * What the runtime allows. Everything is asked for here before it is used, so that nothing ever prompts.
 *
 * @module
 */
import { deno } from "./which.ts";

/** The part of Deno's permission descriptors that the package asks about. */
export type Permission = "read" | "write" | "env" | "ffi" | "sys";

interface DenoPermissions {
  querySync(descriptor: { name: string; path?: string; variable?: string }): { state: string };
}

/** Whether all of `names` are granted without restriction. Runtimes without permissions grant everything. */
export function areGranted(...names: Permission[]): boolean {
  const permissions = denoPermissions();
  if (permissions === undefined) return true;
  return names.every(name => permissions.querySync({ name }).state === "granted");
}

/** Whether files in `directory` may be made, read and renamed: what a spool needs. */
export function isWritable(directory: string): boolean {
  const permissions = denoPermissions();
  if (permissions === undefined) return true;
  try {
    return ["read", "write"].every(name =>
      permissions.querySync({ name, path: directory }).state === "granted"
    );
  } catch {
    return false; // no path that Deno knows
  }
}

/** Whether what lies at `path` may be read. */
export function isReadable(path: string): boolean {
  const permissions = denoPermissions();
  return permissions === undefined
    || permissions.querySync({ name: "read", path }).state === "granted";
}

/** Whether the environment variable `name` may be read. */
export function isVariableReadable(name: string): boolean {
  const permissions = denoPermissions();
  return permissions === undefined
    || permissions.querySync({ name: "env", variable: name }).state === "granted";
}

function denoPermissions(): DenoPermissions | undefined {
  return deno<{ permissions?: DenoPermissions }>()?.permissions;
}
