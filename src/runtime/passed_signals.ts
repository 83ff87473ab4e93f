/**
 * Signals that a command takes in the program's place, such as one that has a terminal to put in order, or a child to tell.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { guarded, listen } from "./host_calls.ts";

/** Takes signals until it is disposed of; what the system does by default is not done meanwhile. */
export function takeSignals(names: readonly string[], onSignal: (name: string) => void): Disposable {
  const taken: (readonly [name: string, listener: () => void])[] = [];
  for (const name of names) {
    const listener = guarded(() => onSignal(name));
    try {
      listen(node.process, name, listener);
      taken.push([name, listener]);
    } catch {
      // not on this system
    }
  }
  return {
    [Symbol.dispose](): void {
      for (const [name, listener] of taken) node.process.off(name, listener);
    },
  };
}
