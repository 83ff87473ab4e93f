import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { callCirron } from "../support/command_line.ts";

for (const shell of ["bash", "zsh", "fish"]) {
  test(`cirron completion ${shell} knows every command, option and word to choose from`, async () => {
    const { code, out, errors } = await callCirron(["completion", shell]);
    assertEquals([code, errors], [0, []]);
    for (const { name, load } of COMMANDS) {
      assertStringIncludes(out, name);
      const { command } = await load();
      for (const option of command.options) {
        const flag = shell === "fish" ? `-l ${option.name}` : `--${option.name}`;
        assert(out.includes(flag), `${name} ${flag}`);
        for (const choice of option.choices ?? []) assertStringIncludes(out, choice);
      }
      for (const choice of command.choices ?? []) assertStringIncludes(out, choice);
    }
  });
}

test("cirron completion of another shell says which there are", async () => {
  const { code, errors } = await callCirron(["completion", "bsh"]);
  assertEquals([code, errors], [2, ['cirron: unknown "bsh", did you mean "bash"?']]);
});
