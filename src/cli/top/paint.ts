/**
 * Lines -> what a terminal is told: the lines that are another than the last time, and nothing else.
 *
 * @module
 */
import type { Line, Look, ScreenSize } from "./screen.ts";

/** Takes the terminal: another screen than the one with the shell's text, no cursor, and what is too long for a line does not go on in the next. */
export const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";

/** Gives it back. */
export const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

const SGR: Readonly<Record<Look, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  chosen: "7",
  warning: "33",
  good: "32",
};

/** Looks that stay without colours. */
const COLORLESS: readonly Look[] = ["bold", "dim", "chosen"];

/** Paints screens, one after the other. */
export class Painter {
  readonly #colors: boolean;
  #shown: readonly string[] = [];
  #size: ScreenSize = { columns: 0, lines: 0 };

  constructor(colors: boolean) {
    this.#colors = colors;
  }

  /** What makes the last screen this one; empty if it is the same. */
  paint(lines: readonly Line[], size: ScreenSize): string {
    const isSame = size.columns === this.#size.columns && size.lines === this.#size.lines;
    const before = isSame ? this.#shown : [];
    const now = lines.map(line => this.#painted(line));
    let text = isSame ? "" : "\x1b[2J";
    now.forEach((line, i) => {
      // Cleared first: behind a full last column the cursor may already stand in the next line.
      if (line !== (before[i] ?? "")) text += `\x1b[${i + 1};1H\x1b[2K${line}`;
    });
    this.#shown = now;
    this.#size = size;
    return text;
  }

  #painted(line: Line): string {
    let text = "";
    for (const { text: part, look } of line) {
      const code = this.#colors || COLORLESS.includes(look) ? SGR[look] : "";
      text += code === "" || part === "" ? part : `\x1b[${code}m${part}\x1b[0m`;
    }
    return text;
  }
}
