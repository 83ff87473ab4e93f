/**
 * What the runtime allows. Everything is asked for here before it is used, so that nothing ever prompts.
 *
 * @module
 */
import { deno } from "./which.ts";

/** The part of Deno's permission descriptors that the package asks about. */
export type Permission = "read" | "write" | "env" | "ffi" | "sys";

interface DenoPermissions {
  querySync(
    descriptor: { name: string; path?: string; variable?: string; command?: string; host?: string },
  ): {
    state: string;
    partial?: boolean;
  };
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

/** Whether a program may be started. */
export function isRunnable(command: string): boolean {
  const permissions = denoPermissions();
  return permissions === undefined || permissions.querySync({ name: "run", command }).state === "granted";
}

/** Whether a host may be reached: a name or an address, with a port if need be. */
export function isReachable(host: string): boolean {
  const permissions = denoPermissions();
  return permissions === undefined || permissions.querySync({ name: "net", host }).state === "granted";
}

/** Whether everything of a kind is granted, or some at most: which, only who asks for each finds out. */
export type GrantState = "granted" | "limited";

/** What is granted; null where there are no permissions. */
export function grantStates(): Record<Permission, GrantState> | null {
  const permissions = denoPermissions();
  if (permissions === undefined) return null;
  const stateOf = (name: Permission): GrantState => {
    const { state, partial } = permissions.querySync({ name });
    return state === "granted" && partial !== true ? "granted" : "limited";
  };
  return {
    read: stateOf("read"),
    write: stateOf("write"),
    env: stateOf("env"),
    ffi: stateOf("ffi"),
    sys: stateOf("sys"),
  };
}

function denoPermissions(): DenoPermissions | undefined {
  return deno<{ permissions?: DenoPermissions }>()?.permissions;
}
