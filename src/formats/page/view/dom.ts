/**
 * The page's own program: elements, and lists of which only the lines in sight are in the page. Whatever a name says becomes text, never
 * markup.
 *
 * @module
 */
import type { Browser, Item } from "./browser.ts";

/** Makes and finds elements. */
export interface Dom {
  readonly browser: Browser;
  /** Reads JSON. */
  parse(text: string): unknown;
  byId(id: string): Item;
  make(tag: string, text?: string, kind?: string): Item;
  /** Puts `count` lines of equal height into a box that scrolls. */
  list(box: Item, rowHeight: number, line: (index: number) => Item): LineList;
}

/** Lines in a box. */
export interface LineList {
  /** Draws what is in sight. */
  refresh(count: number): void;
  reveal(index: number): void;
  /** Lines that fit. */
  page(): number;
}

/** Makes it. */
export function domOf(browser: Browser): Dom {
  const { document, JSON: { parse } } = browser;
  const make = (tag: string, text?: string, kind?: string): Item => {
    const item = document.createElement(tag);
    if (text !== undefined) item.textContent = text;
    if (kind !== undefined) item.className = kind;
    return item;
  };
  return {
    browser,
    parse: text => parse(text),
    byId: id => document.getElementById(id)!,
    make,
    list(box, rowHeight, line) {
      const room = make("div", undefined, "room");
      room.setAttribute("role", "presentation");
      box.append(room);
      let lineCount = 0;
      const draw = (): void => {
        const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - 2);
        const last = Math.min(lineCount, first + Math.ceil(box.clientHeight / rowHeight) + 5);
        const lines: Item[] = [];
        for (let i = first; i < last; i++) {
          const item = line(i);
          item.style.top = i * rowHeight + "px";
          lines.push(item);
        }
        room.replaceChildren(...lines);
      };
      box.addEventListener("scroll", draw);
      return {
        refresh(count) {
          lineCount = count;
          // A browser has boxes of some ten million pixels at most; who reads so many lines searches.
          room.style.height = Math.min(count * rowHeight, 1e7) + "px";
          draw();
        },
        reveal(index) {
          const y = index * rowHeight;
          if (y < box.scrollTop) box.scrollTop = y;
          else if (y + rowHeight > box.scrollTop + box.clientHeight) {
            box.scrollTop = y + rowHeight - box.clientHeight;
          }
          draw();
        },
        page: () => Math.max(1, Math.floor(box.clientHeight / rowHeight) - 1),
      };
    },
  };
}
