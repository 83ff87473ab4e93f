/**
 * Has the desktop open a file in whatever program is for it.
 *
 * @module
 */
import { load, node } from "./builtins.ts";
import { guarded, listen } from "./host_calls.ts";
import { isRunnable } from "./permissions.ts";

interface Child {
  on(event: string, listener: (error: Error) => void): void;
  unref(): void;
}

interface ChildProcess {
  spawn(command: string, args: readonly string[], options: object): Child;
}

/**
 * Opens the file at `path`, and does not wait for what opens it.
 * @throws {Error} If it may not, or there is nothing that opens files.
 */
export function openFile(path: string): Promise<void> {
  const [command, ...args] = commandFor(node.process.platform);
  if (!isRunnable(command)) throw new Error(`Deno needs --allow-run=${command} for it`);
  return new Promise((resolve, reject) => {
    const child = load<ChildProcess>("node:child_process").spawn(command, [...args, path], {
      detached: true,
      stdio: "ignore",
    });
    const failed = ({ message }: Error) => reject(new Error(`${command} cannot be started (${message})`));
    listen(child, "error", guarded(failed));
    listen(
      child,
      "spawn",
      guarded(() => {
        child.unref(); // not before: in Deno, what could not be started cannot be let go of
        resolve();
      }),
    );
  });
}

function commandFor(platform: string): readonly [command: string, ...args: string[]] {
  if (platform === "darwin") return ["open"];
  // The empty argument is the title of a window, for which `start` would else take a path in quotes.
  return platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
}
