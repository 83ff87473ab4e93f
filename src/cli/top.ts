/**
 * `cirron top`: a program while it runs.
 *
 * @module
 */
import { CirronError } from "../data/errors.ts";
import { jsonOf } from "../data/json_text.ts";
import { formatBytes } from "../formats/units.ts";
import { JSON_OPTION } from "./argument_spec.ts";
import { type Call, type Command, EXIT } from "./command.ts";

const DEFAULT_PAGE = "cirron.html";

/** Spans of a page: so many are read in no time, however long the program has run. */
const PAGE_SPANS = 20_000;

/** See the module. */
export const command: Command = {
  operands: "[DIRECTORY]",
  mostOperands: 1,
  details: `Reads the journal of a program that runs; the program does nothing for it, and
need not have begun. DIRECTORY is a folder of runs, or one run. Without --pid it
is the newest that runs. In a pipe, and with --once or --json, it looks once: at
the newest run, whether it is over or not.`,
  options: [
    { name: "pid", value: "N", about: "the process of this number" },
    { name: "once", about: "one look, as text" },
    {
      name: "output",
      short: "o",
      value: "FILE",
      about: `where key w writes the page; ${DEFAULT_PAGE} without`,
    },
    JSON_OPTION,
  ],
  examples: [
    { line: "cirron top --once", about: "one look at the newest run" },
    { line: "cirron top | head -n 30", about: "the same in a pipe; on a terminal it stays" },
    { line: "cirron top --json .cirron/journal", about: "for a program" },
  ],
  run: async call => {
    const { io, options, operands } = call;
    const [{ wantedAt }, { WatchedRun }, { PROCESSES }, { openClock }, { defaultJournalDirectory }] =
      await Promise.all([
        import("./top/choice.ts"),
        import("./top/watched_run.ts"),
        import("../journal/liveness.ts"),
        import("../meters/clock.ts"),
        import("../session/environment.ts"),
      ]);
    const wanted = wantedAt(operands[0] ?? defaultJournalDirectory(), options.whole("pid") ?? null);
    const clock = openClock();
    const watched = new WatchedRun(
      wanted,
      { processes: PROCESSES, unixNs: () => clock.unixNs(), random: Math.random },
      (run, within) => writePage(call, run, within),
    );
    const terminal = io.terminal();
    if (terminal !== null && !options.has("once") && !options.has("json")) {
      const { hasKeyboard } = await import("../runtime/keyboard.ts");
      if (hasKeyboard()) {
        const [{ showOnTerminal }, { stdoutSize }] = await Promise.all([
          import("./top/session.ts"),
          import("../runtime/terminal.ts"),
        ]);
        return await showOnTerminal(watched, {
          write: io.write,
          size: stdoutSize,
          colors: terminal.colors,
        });
      }
    }
    if (!watched.lookOnce()) throw new CirronError(nothingText(wanted.directory, wanted.pid));
    const picture = watched.picture([])!;
    if (options.has("json")) {
      io.write(`${jsonOf(picture)}\n`);
      return EXIT.fine;
    }
    const [{ textOf }, { FIRST_VIEW }] = await Promise.all([
      import("./top/screen.ts"),
      import("./top/view.ts"),
    ]);
    io.write(`${textOf(picture, FIRST_VIEW, terminal === null ? Infinity : io.columns())}\n`);
    return EXIT.fine;
  },
};

function nothingText(directory: string, pid: number | null): string {
  return pid === null ? `no run in ${directory}` : `no run of process ${pid} in ${directory}`;
}

async function writePage({ io, options }: Call, run: string, within: readonly string[]): Promise<string> {
  const [{ readRecorded }, { writeWhole }] = await Promise.all([
    import("./reading.ts"),
    import("./whole_file.ts"),
  ]);
  const path = options.text("output") ?? DEFAULT_PAGE;
  // Nothing but the screen is written while it is there.
  const recorded = readRecorded([run], { ...io, complain: () => {} });
  const name = within[0];
  const page = recorded.trace({
    last: PAGE_SPANS,
    ...(name === undefined ? {} : { name }),
    open: true,
    format: "html",
  });
  return `wrote ${path}, ${formatBytes(await writeWhole(path, page))}`;
}
