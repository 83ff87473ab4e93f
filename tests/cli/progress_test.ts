import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Progress } from "../../src/cli/progress.ts";
import { callCirron, serverSpool } from "../support/command_line.ts";

/** A progress whose clock goes on by so much at each look. */
function progressOf(stepMs: number): { progress: Progress; written: string[] } {
  const written: string[] = [];
  let nowMs = 5000;
  return { progress: new Progress(text => void written.push(text), () => nowMs += stepMs), written };
}

test("Progress says nothing in the first second, and takes nothing back then", () => {
  const { progress, written } = progressOf(90);
  for (let i = 0; i < 11; i++) progress.update("Reading", i, 100);
  progress.end();
  assertEquals(written, []);
});

test("Progress writes over its line ten times a second at most, and takes it away once", () => {
  const { progress, written } = progressOf(50);
  for (let i = 0; i < 24; i++) progress.update("Reading", i, 24);
  progress.end();
  progress.end();
  assertEquals(written, [
    "\rReading: 19 of 24 (79%)\x1b[K",
    "\rReading: 21 of 24 (87%)\x1b[K",
    "\rReading: 23 of 24 (95%)\x1b[K",
    "\r\x1b[K",
  ]);
});

test("Commands say how far they have come in reading, and what they answer is the same", async () => {
  using spool = serverSpool();
  const { progress, written } = progressOf(2000);
  const said = await callCirron(["tree", spool.path], { progress });
  assertEquals(said, await callCirron(["tree", spool.path]));
  assertEquals(written, [
    "\rReading files: 0 of 2 (0%)\x1b[K",
    "\rReading files: 1 of 2 (50%)\x1b[K",
    "\r\x1b[K",
  ]);
});
