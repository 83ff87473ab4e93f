/**
 * All commands, and how each is loaded: none before it is called.
 *
 * @module
 */
import type { CommandEntry } from "./command.ts";

/** Every command, as the help lists them. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "list", about: "sessions: when, how long, spans, state", load: () => import("./list.ts") },
  { name: "tree", about: "spans as a tree", load: () => import("./tree.ts") },
  {
    name: "summary",
    about: "where the time went: a row per path or name",
    load: () => import("./summary.ts"),
  },
  {
    name: "top",
    about: "a program while it runs: what is open, rates, times",
    load: () => import("./top.ts"),
  },
  {
    name: "run",
    about: "start a command with a journal, and show the summary at its end",
    load: () => import("./run.ts"),
  },
  { name: "html", about: "a page to look at: one file that loads nothing", load: () => import("./html.ts") },
  {
    name: "export",
    about: "a file for Perfetto, speedscope, DataFrames or programs",
    load: () => import("./export.ts"),
  },
  {
    name: "doctor",
    about: "what is measured here, and which flag would give more",
    load: () => import("./doctor.ts"),
  },
  {
    name: "trim",
    about: "cut off what killed programs left half written",
    load: () => import("./trim.ts"),
  },
  { name: "clear", about: "remove recorded sessions", load: () => import("./clear.ts") },
  { name: "completion", about: "a completion script for a shell", load: () => import("./completion.ts") },
];
