/**
 * The page's own program: colours of names, in the light and in the dark.
 *
 * @module
 */
import type { Browser } from "./browser.ts";

/** Colours as a canvas takes them. */
export interface Colors {
  /** Of a name; faint from 0 (as it is) to 3 (nearly the paper). */
  of(name: number, faint: number): string;
  /** The same as a pixel of an image. */
  pixel(name: number, faint: number): number;
  /** A line of a curve: the first ones are easy to tell apart. */
  line(place: number): string;
  readonly paper: string;
  readonly panel: string;
  readonly ink: string;
  readonly soft: string;
  readonly grid: string;
  readonly mark: string;
  readonly bad: string;
  readonly open: string;
  readonly select: string;
  /** Reads them again: the reader's system has changed, or paper is printed on. */
  refresh(): void;
}

/** Makes them. */
export function colorsOf(browser: Browser): Colors {
  const dark = browser.matchMedia("(prefers-color-scheme: dark)");
  const printing = browser.matchMedia("print");
  const hues = [212, 28, 150, 268, 52, 186, 330, 96, 240, 14, 168, 300];
  let fills: string[] = [];
  let pixels = new Uint32Array(0);
  let lines: string[] = [];
  const rgb = (hue: number, saturation: number, light: number): number[] => {
    const spread = saturation * Math.min(light, 1 - light);
    return [0, 8, 4].map(part => {
      const at = (part + hue / 30) % 12;
      return Math.round(255 * (light - spread * Math.max(-1, Math.min(at - 3, 9 - at, 1))));
    });
  };
  const colors = {
    paper: "",
    panel: "",
    ink: "",
    soft: "",
    grid: "",
    mark: "",
    bad: "",
    open: "",
    select: "",
    of: (name: number, faint: number): string => fills[name % hues.length * 4 + faint],
    pixel: (name: number, faint: number): number => pixels[name % hues.length * 4 + faint],
    line: (place: number): string => lines[place % lines.length],
    refresh(): void {
      const isDark = dark.matches && !printing.matches;
      const [near, far, saturation] = isDark ? [34, 14, 38] : [76, 96, 62];
      const tints = hues.flatMap(hue =>
        [0, 0.32, 0.6, 0.72].map(faint => rgb(hue, saturation / 100, (near + (far - near) * faint) / 100))
      );
      fills = tints.map(tint => "rgb(" + tint.join(" ") + ")");
      pixels = new Uint32Array(Uint8Array.from(tints.flatMap(tint => [...tint, 255])).buffer);
      lines = [212, 28, 150, 330, 268, 52].map(hue => "hsl(" + hue + " 70% " + (isDark ? 68 : 38) + "%)");
      const style = browser.getComputedStyle(browser.document.documentElement);
      for (
        const name of ["paper", "panel", "ink", "soft", "grid", "mark", "bad", "open", "select"] as const
      ) {
        colors[name] = style.getPropertyValue("--" + name).trim();
      }
    },
  };
  colors.refresh();
  return colors;
}
