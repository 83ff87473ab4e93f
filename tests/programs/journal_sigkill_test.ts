import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { kill, KILLED_PROGRAMS } from "../support/killed_programs.ts";

/** What a journal may lose, and how far two clocks of one machine may be apart on that way. */
const MOST_MS = 100 + 1;

for (const program of KILLED_PROGRAMS) {
  const { what } = program;
  test(`SIGKILL of a program ${what} costs its journal what closed in the last 100 ms at most, and shows what was open`, async () => {
    const { ms, kept, gaps, open } = await kill(program, 700);
    assert(ms <= MOST_MS, `${ms} ms are lost`);
    assertEquals(gaps, 0);
    assert(kept > 50, `${kept} spans are left`);
    assertEquals(open, ["cirron.session true", "outer true m=1"]);
  });
}
