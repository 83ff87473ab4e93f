import { assert, assertEquals } from "@std/assert";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CHECKOUT, sourcePath } from "../support/checkout.ts";
import { RUNTIME } from "../support/conditions.ts";
import { findRuntime, run } from "../support/runtimes.ts";
import { readSource } from "../support/sources.ts";
import { TempDirectory } from "../support/temp_directory.ts";

// The tests that docs/testing.md shows, under this runtime's test runner; its other examples run as programs.

const SHOWN = /^```ts ignore\n([\s\S]*?)^```$/gm;

test("The tests of docs/testing.md pass in deno test and in bun test", async () => {
  const shown = [...readSource("docs/testing.md").matchAll(SHOWN)].map(([, code]) => code);
  assertEquals(shown.length, 1);
  using folder = new TempDirectory();
  folder.write("deno.json", JSON.stringify({ imports: { "@cirron/sdk": sourcePath("mod.ts") } }));
  mkdirSync(join(folder.path, "node_modules", "@cirron"), { recursive: true });
  symlinkSync(CHECKOUT, join(folder.path, "node_modules", "@cirron", "sdk"), "junction");
  folder.write("users.test.ts", shown[0]);
  const args = RUNTIME === "deno" ? ["test", "-A", "--no-check", "--no-lock"] : ["test"];
  const outcome = await run(findRuntime(RUNTIME)!, args, { cwd: folder.path });
  const text = outcome.stdout + outcome.stderr;
  assertEquals(outcome.code, 0, text);
  assert(/2 pass/.test(text), text);
});
