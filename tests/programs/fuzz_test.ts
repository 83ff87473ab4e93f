import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { sourcePath } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// A short run of `deno task fuzz`, in a process of its own: what nobody handles would end this one.

const PROGRAM = sourcePath("tests/support/fuzz_program.ts");
const ROUNDS = 25;

interface Report {
  rounds: number;
  calls: number;
  refused: number;
  spans: number;
  failures: string[];
}

async function fuzz(seed: number, rounds: number): Promise<Report> {
  using directory = new TempDirectory();
  const flags = RUNTIME === "deno" ? ["run", "-A", "--no-check"] : [];
  // The seconds only end what hangs.
  const args = [...flags, PROGRAM, String(seed), String(rounds), "100", directory.path];
  const { code, stdout, stderr } = await run(findRuntime(RUNTIME)!, args);
  assert(stdout !== "", `The fuzzer ended with ${code} and said nothing: ${stderr}`);
  return JSON.parse(stdout) as Report;
}

// Seeds that found something once.
for (const seed of [1, 2]) {
  test(`Public calls in random order with random arguments throw nothing but refusals (seed ${seed})`, async () => {
    const { rounds, calls, refused, spans, failures } = await fuzz(seed, ROUNDS);
    assertEquals(failures, []);
    assertEquals(rounds, ROUNDS);
    // Not all refused, or the rest was never reached.
    assert(spans > ROUNDS && refused > 0 && refused < calls / 2, JSON.stringify({ calls, refused, spans }));
  });
}
