/**
 * `deno task test`: every test on Deno and on Bun. The last line has the sum.
 *
 * @module
 */
import { run } from "./run.ts";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

// Failures, skips and their reasons are worth a line; thousands of passes are not.
const PASSED = /^running \d+ tests? from|\.\.\. ok \(|^$/;

const total: Count = { passed: 0, failed: 0, skipped: 0 };
const wanted = Deno.args;
const tests = wanted.length > 0 ? wanted : ["tests"];

await count("Deno", ["deno", "test", "-A", "--no-check", ...tests], denoCount);
// Bun gives a test 5 s; those that start whole programs on a busy machine take longer.
await count("Bun", [
  "bun",
  "test",
  "--only-failures",
  "--timeout",
  "120000",
  ...tests.map(path => `./${path}`),
], bunCount);

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
Deno.exit(total.failed === 0 ? 0 : 1);

async function count(
  title: string,
  [name, ...args]: string[],
  read: (output: string) => Count | null,
): Promise<void> {
  console.log(`\n== ${title}`);
  const { ok, output } = await run(name as "deno" | "bun", args, line => !PASSED.test(line));
  // A runner that died, or counted nothing, has failed whatever it printed before.
  const found = read(output) ?? { passed: 0, failed: 0, skipped: 0 };
  if ((!ok && found.failed === 0) || found.passed + found.failed === 0) found.failed++;
  total.passed += found.passed;
  total.failed += found.failed;
  total.skipped += found.skipped;
}

function denoCount(output: string): Count | null {
  const line = [...output.matchAll(/^(?:ok|FAILED) \| (.*)$/gm)].at(-1)?.[1];
  return line === undefined ? null : {
    passed: numberBefore(line, "passed"),
    failed: numberBefore(line, "failed"),
    skipped: numberBefore(line, "ignored"),
  };
}

function bunCount(output: string): Count | null {
  const lines = output.slice(output.search(/^ *\d+ pass$/m));
  return /^ *\d+ pass$/m.test(output)
    ? {
      passed: numberBefore(lines, "pass"),
      failed: numberBefore(lines, "fail"),
      skipped: numberBefore(lines, "skip"),
    }
    : null;
}

function numberBefore(text: string, word: string): number {
  return Number(text.match(new RegExp(`(\\d+) ${word}\\b`))?.[1] ?? 0);
}
