import { expect, test } from "vitest";

import type { Command } from "../../api/console.ts";
import { commandOf, completions } from "./completion.ts";
import { wordsOf } from "./words.ts";

const commands = ["CONFIG", "CONFIG GET", "CONFIG SET", "GET", "GETDEL", "SET"].map(
  (name) => ({ name }) as Command,
);
const names = (found: Command[]) => found.map(({ name }) => name);

test("what a line may become", () => {
  expect(names(completions(commands, "ge"))).toEqual(["GET", "GETDEL"]);
  expect(names(completions(commands, "  config  s"))).toEqual(["CONFIG SET"]);
  expect(names(completions(commands, "GETDEL"))).toEqual([]);
  expect(names(completions(commands, "get key"))).toEqual([]);
  expect(names(completions(commands, ""))).toEqual([]);
});

test("the command of a line", () => {
  expect(commandOf(commands, "config get max*")?.name).toBe("CONFIG GET");
  expect(commandOf(commands, "config nothing")?.name).toBe("CONFIG");
  expect(commandOf(commands, 'get "a b"')?.name).toBe("GET");
  expect(commandOf(commands, "gets")).toBeUndefined();
});

test("words", () => {
  expect(wordsOf(`set "a b" 'c d`)).toEqual({ ended: ["set", "a b"], last: "c d" });
  expect(wordsOf('set "a\\"b" ')).toEqual({ ended: ["set", 'a"b'], last: "" });
});
