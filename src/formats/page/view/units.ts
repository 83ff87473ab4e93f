/**
 * The page's own program: numbers for people, as `formats/units.ts` writes them. A test compares the two, value by value.
 *
 * @module
 */
import type { Counter } from "../../../meters/counters.ts";

/** Writes numbers. */
export interface Units {
  /** A duration in nanoseconds. */
  time(ns: number): string;
  /** The same, but `0us` for none. */
  moment(ns: number): string;
  size(bytes: number): string;
  number(value: number | string | boolean): string;
  percent(share: number): string;
  counted(counter: Pick<Counter, "unit" | "total">, sign: string, value: number): string;
  /** A whole number with separators. */
  count(value: number): string;
}

/** Makes them. */
export function unitsOfPage(): Units {
  const time = (ns: number): string => {
    const us = ns / 1000;
    // Each unit ends where its rounded form would reach the next one.
    if (us < 0.995) return us.toFixed(2) + "us";
    if (us < 9.95) return us.toFixed(1) + "us";
    if (us < 999.5) return us.toFixed(0) + "us";
    if (us < 999950) return (us / 1000).toFixed(1) + "ms";
    return (us / 1e6).toFixed(2) + "s";
  };
  const size = (bytes: number): string => {
    if (bytes < 1024) return bytes + "B";
    const names = ["KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    bytes /= 1024;
    while (bytes >= 1023.95 && unit < names.length - 1) {
      bytes /= 1024;
      unit++;
    }
    return bytes.toFixed(1) + names[unit];
  };
  const number = (value: number | string | boolean): string => {
    if (typeof value !== "number" || !Number.isFinite(value)) return String(value);
    const far = Math.abs(value);
    if (Number.isInteger(value) && far < 1e15) return String(value);
    return far < 0.001 || far >= 1e6 ? value.toExponential(2) : value.toFixed(4);
  };
  const amounts = { ns: time, bytes: size, number };
  return {
    time,
    moment: ns => ns === 0 ? "0us" : time(ns),
    size,
    number,
    percent: share =>
      !Number.isFinite(share) ? "" : (100 * share).toFixed(share >= 0.9995 || share === 0 ? 0 : 1) + "%",
    counted: ({ unit, total }, sign, value) => (total === "sum" ? sign : "") + amounts[unit](value),
    count: value => String(value).replace(/\B(?=(\d{3})+$)/g, ","),
  };
}
