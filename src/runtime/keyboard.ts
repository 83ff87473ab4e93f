/**
 * Keys as they are pressed, where stdin is a terminal.
 *
 * @module
 */
import { node } from "./builtins.ts";
import { guarded, type HostCall, listen } from "./host_calls.ts";

interface RawStdin {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): void;
  on(event: string, listener: (bytes: Uint8Array | string) => void): void;
  off(event: string, listener: (bytes: Uint8Array | string) => void): void;
  resume(): void;
  pause(): void;
}

/** A keyboard that is listened to. */
export interface Keyboard {
  /** Gives the terminal its own mode back, and listens no more. */
  close(): void;
}

/** Whether stdin has a keyboard. */
export function hasKeyboard(): boolean {
  try {
    return node.tty.isatty(0);
  } catch {
    return false;
  }
}

/**
 * Listens to the keyboard. Until it is closed, the process stays.
 * @param onText Told of what was typed, as it came.
 * @param onEnd Told if there is no more to come.
 */
export function openKeyboard(onText: (text: string) => void, onEnd: () => void): Keyboard {
  const stdin = node.process.stdin as unknown as RawStdin;
  const onData = guarded((bytes: Uint8Array | string) => {
    onText(typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes));
  });
  const ended: HostCall = guarded(onEnd);
  stdin.setRawMode?.(true);
  listen(stdin as never, "data", onData);
  for (const event of ["end", "error", "close"]) listen(stdin as never, event, ended);
  stdin.resume();
  return {
    close() {
      stdin.off("data", onData);
      for (const event of ["end", "error", "close"]) stdin.off(event, ended);
      try {
        stdin.setRawMode?.(false);
      } catch {
        // the terminal has gone
      }
      stdin.pause();
    },
  };
}
