/**
 * The part of the HTML view's program that writes numbers for people: what `formats/units.ts` does, as a browser runs it.
 *
 * @module
 */

/** Stands within the function of script.ts. A test compares it with `formats/units.ts`, value by value. */
export const PAGE_UNITS: string = String.raw`  // Numbers for people.
  const fixed = (value, digits) => value.toFixed(digits);
  const time = ns => {
    const us = ns / 1000;
    // Each unit ends where its rounded form would reach the next one.
    if (us < 0.995) return fixed(us, 2) + "us";
    if (us < 9.95) return fixed(us, 1) + "us";
    if (us < 999.5) return fixed(us, 0) + "us";
    if (us < 999950) return fixed(us / 1000, 1) + "ms";
    return fixed(us / 1e6, 2) + "s";
  };
  const moment = ns => ns === 0 ? "0us" : time(ns);
  const size = bytes => {
    if (bytes < 1024) return bytes + "B";
    const units = ["KiB", "MiB", "GiB", "TiB"];
    let unit = 0;
    bytes /= 1024;
    while (bytes >= 1023.95 && unit < units.length - 1) { bytes /= 1024; unit++; }
    return fixed(bytes, 1) + units[unit];
  };
  const number = value => {
    if (typeof value !== "number") return String(value);
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e15) return String(value);
    return size < 0.001 || size >= 1e6 ? value.toExponential(2) : fixed(value, 4);
  };
  const amounts = { ns: time, bytes: size, number };
  const counted = ({ unit, total }, sign, value) => (total === "sum" ? sign : "") + amounts[unit](value);
  const percent = share => !Number.isFinite(share) ? "" : fixed(100 * share, share >= 0.9995 || share === 0 ? 0 : 1) + "%";
`;
