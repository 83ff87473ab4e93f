/**
 * `cirron top` on a terminal: looks, keys and the screen, until somebody has seen enough.
 *
 * @module
 */
import { after } from "../../runtime/host_calls.ts";
import { type Keyboard, openKeyboard } from "../../runtime/keyboard.ts";
import { takeSignals } from "../../runtime/passed_signals.ts";
import { keysOf } from "./keys.ts";
import { ENTER, LEAVE, Painter } from "./paint.ts";
import type { Picture } from "./picture.ts";
import { type Line, screenOf, type ScreenSize } from "./screen.ts";
import { FIRST_VIEW, press, shownRows, type View } from "./view.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 1000;

/** What is looked at. */
export interface Watched {
  /** Looks; null while there is nothing yet. */
  look(): void;
  /** What is known. */
  picture(within: readonly string[]): Picture | null;
  /** Writes the newest spans as a page. Gives what to say of it. */
  save(within: readonly string[]): Promise<string>;
  /** Goes to the next program that runs. Gives what to say of it. */
  next(): string;
  /** What is waited for, where there is no picture. */
  readonly waiting: string;
}

/** The terminal. */
export interface Screen {
  readonly write: (text: string) => void;
  readonly size: () => ScreenSize;
  readonly colors: boolean;
}

/** Shows `watched` until it is left. Gives the number of the signal that ended it; 0 for a key. */
export async function showOnTerminal(watched: Watched, { write, size, colors }: Screen): Promise<number> {
  const painter = new Painter(colors);
  let view: View = FIRST_VIEW;
  let picture: Picture | null = null;
  let end: number | null = null;
  let wake: () => void = () => {};
  let isSaving = false;
  let failure: unknown = null;
  const attempt = (run: () => void): void => {
    try {
      run();
    } catch (error) {
      failure ??= error;
      end ??= 0;
    }
    wake();
  };
  const leave = (code: number): void => attempt(() => void (end ??= code));
  const draw = (): void => {
    const now = size();
    const lines = picture === null ? waitingLines(watched.waiting, now) : screenOf(picture, view, now);
    const text = painter.paint(lines, now);
    if (text !== "") write(text);
  };
  const save = async (): Promise<void> => {
    isSaving = true;
    let note: string;
    try {
      note = await watched.save(view.within);
    } catch (error) {
      note = (error as Error).message;
    }
    isSaving = false;
    attempt(() => {
      view = { ...view, note };
      draw();
    });
  };
  const onText = (text: string): void =>
    attempt(() => {
      for (const key of keysOf(text)) {
        const rows = picture === null ? [] : shownRows(picture.names, view);
        const { view: next, demand } = press(view, key, rows);
        const isElsewhere = next.within !== view.within;
        view = next;
        if (demand === "quit") return leave(0);
        if (demand === "next run") {
          view = { ...view, note: watched.next(), within: [], selected: null };
          picture = watched.picture([]);
        }
        if (demand === "save" && !isSaving && picture !== null) {
          view = { ...view, note: "writing the page ..." };
          void save();
        }
        if (isElsewhere) picture = watched.picture(view.within);
      }
      draw();
    });
  let keyboard: Keyboard | null = null;
  using _signals = takeSignals(["SIGINT", "SIGTERM", "SIGHUP"], name => leave(SIGNAL_CODES[name]));
  using _resize = takeSignals(["SIGWINCH"], () => attempt(draw));
  write(ENTER);
  try {
    keyboard = openKeyboard(onText, () => leave(0));
    while (end === null) {
      // Read on while it is paused: what comes meanwhile would be too much at once.
      watched.look();
      if (!view.isPaused) picture = watched.picture(view.within);
      draw();
      await new Promise<void>(resolve => {
        let isDue = false;
        wake = () => {
          if (end !== null || isDue) resolve();
        };
        after(LOOK_MS, () => {
          isDue = true;
          wake();
        });
      });
    }
  } finally {
    keyboard?.close();
    write(LEAVE);
  }
  if (failure !== null) throw failure;
  return end;
}

const SIGNAL_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

function waitingLines(text: string, { columns, lines }: ScreenSize): Line[] {
  const all: Line[] = [
    [{ text: "cirron top", look: "bold" }],
    [],
    [{ text: text.slice(0, columns), look: "plain" }],
  ];
  while (all.length < lines - 1) all.push([]);
  all.push([{ text: "q quit", look: "dim" }]);
  return all.slice(0, lines);
}
