import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { sourcePath } from "../support/checkout.ts";
import { NO_CHROMIUM, sharedChromium } from "../support/chromium.ts";
import { missingProgram, RUNTIME, testUnless } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// A real notebook in a real kernel, executed without a window, and its cells opened in a browser.

const NBCONVERT = "/usr/bin/jupyter-nbconvert";
const NOTEBOOK = sourcePath("examples/notebook.ipynb");
const deno = findRuntime("deno");

const notebookTest = testUnless(
  RUNTIME === "deno"
    ? missingProgram(NBCONVERT, "jupyter-nbconvert") ?? NO_CHROMIUM
    : "the kernel of notebooks is Deno's",
  import.meta.url,
);
const chromium = NO_CHROMIUM === null ? sharedChromium() : null;

interface Output {
  output_type: string;
  name?: string;
  data?: Record<string, string | string[]>;
}

interface Cell {
  cell_type: string;
  source: string[];
  outputs: Output[];
}

const read = (path: string): Cell[] => JSON.parse(readFileSync(path, "utf8")).cells;
const code = (cells: readonly Cell[]) => cells.filter(cell => cell.cell_type === "code");
const joined = (text: string | string[] | undefined) => [text ?? ""].flat().join("");

/** The forms that each cell of code shows, by MIME type; fails if one printed instead. */
function shown(cells: readonly Cell[]): Record<string, string>[] {
  return code(cells).map(({ outputs, source }) => {
    const streams = outputs.filter(output => output.output_type !== "execute_result");
    assertEquals(streams, [], `nothing is printed by ${joined(source)}`);
    const data = outputs[0]?.data ?? {};
    return Object.fromEntries(Object.entries(data).map(([type, text]) => [type, joined(text)]));
  });
}

/** Runs the notebook in a home of its own, so that nobody's kernels are touched. */
async function execute(home: string, ...args: string[]): Promise<void> {
  const env = {
    HOME: home,
    JUPYTER_DATA_DIR: undefined,
    DENO_DIR: process.env.DENO_DIR ?? join(process.env.HOME ?? "", ".cache", "deno"),
    TMPDIR: home,
    NO_COLOR: undefined,
  };
  const installed = await run(deno!, ["jupyter", "--install", "--force"], { env });
  assertEquals(installed.code, 0, installed.stderr);
  const outcome = await run(NBCONVERT, [...args, "--output-dir", home], {
    env: { ...env, PATH: `${dirname(deno!)}:${process.env.PATH}` },
    cwd: dirname(NOTEBOOK),
  });
  assertEquals(outcome.code, 0, outcome.stderr);
}

/**
 * Executes the notebook until each cell that shows something in the shipped one has done so, and gives the file. One run
 * need not do: Deno 2.9.6's kernel now and then says that it is idle before a result is out, and what comes later is dropped.
 */
async function executeWhole(home: string): Promise<string> {
  const path = join(home, "executed.ipynb");
  const wanted = code(read(NOTEBOOK)).map(cell => cell.outputs.length > 0);
  const found: (Output[] | undefined)[] = [];
  for (let runs = 0; runs < 20; runs++) {
    await execute(home, "--to", "notebook", "--execute", "--output", "executed.ipynb", NOTEBOOK);
    const notebook = JSON.parse(readFileSync(path, "utf8"));
    const cells = code(notebook.cells as Cell[]);
    cells.forEach((cell, i) => {
      if (cell.outputs.length > 0) found[i] ??= cell.outputs;
      cell.outputs = found[i] ?? [];
    });
    if (cells.every((cell, i) => cell.outputs.length > 0 || !wanted[i])) {
      writeFileSync(path, JSON.stringify(notebook));
      return path;
    }
  }
  throw new Error(
    `Cells without a result in any run: ${wanted.map((is, i) => is && !found[i] ? i : "").join(" ")}`,
  );
}

notebookTest(
  "trace() in a cell of Deno's kernel shows a page in a frame, text beside it, and prints nothing",
  async () => {
    using home = new TempDirectory();
    const executed = await executeWhole(home.path);
    const cells = shown(read(executed));
    const traces = cells.filter(cell => cell["text/html"] !== undefined);
    assertEquals(traces.length, 2);
    for (const cell of traces) {
      assertStringIncludes(cell["text/html"], '<iframe title="Trace" sandbox="allow-scripts"');
      assertEquals(Object.keys(cell).sort(), ["text/html", "text/plain"]);
    }
    // Folded: 5 epochs of 20 batches take up a few lines each.
    assertStringIncludes(traces[0]["text/plain"], "epoch[0] - ");
    assertStringIncludes(traces[0]["text/plain"], "batch x17");
    assert(
      cells.some(cell => /^count\s+total\s+share .*\n.* epoch\n/.test(cell["text/plain"] ?? "")),
      "the summary is a table",
    );
    assert(existsSync(join(home.path, "trace.html")));

    // The executed notebook that is shipped is this one: the same code, and the same kinds of output.
    const kept = read(NOTEBOOK);
    assertEquals(
      code(kept).map(cell => joined(cell.source)),
      code(read(executed)).map(cell => joined(cell.source)),
    );
    assertEquals(
      shown(kept).map(cell => Object.keys(cell).sort()),
      cells.map(cell => Object.keys(cell).sort()),
    );

    await execute(home.path, "--to", "html", "--output", "executed.html", executed);
    await using page = await (await chromium!()).open(pathToFileURL(join(home.path, "executed.html")).href);
    // Each frame is a document of its own, of an origin of its own: only the browser itself can look into it.
    await page.until('document.querySelectorAll("iframe[title=Trace]").length === 2');
    const said = (await page.framed()).join("\n");
    for (
      const part of [
        'tree "Spans"',
        'tab "What"',
        'tab "Curves"',
      ]
    ) {
      assertStringIncludes(said, part);
    }
  },
);
