import { expect, test } from "vitest";

import { clashes, named, typing, wanted, type Command } from "./commands";

const press = (key: string, with_: Partial<{ ctrlKey: boolean; metaKey: boolean; altKey: boolean; shiftKey: boolean }> = {}) => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...with_,
});

test("a press has one name", () => {
  expect(named(press("g"))).toBe("g");
  expect(named(press("G", { shiftKey: true }))).toBe("g");
  expect(named(press("?", { shiftKey: true }))).toBe("?");
  expect(named(press("z", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+Shift+z");
  expect(named(press("k", { metaKey: true }))).toBe("Ctrl+k");
  expect(named(press("ArrowRight", { shiftKey: true }))).toBe("Shift+ArrowRight");
});

test("the command on top is asked first, and none that cannot run", () => {
  const ran: string[] = [];
  const command = (id: string, enabled: boolean): Command => ({
    id,
    label: id,
    keys: ["Escape"],
    enabled: () => enabled,
    run: () => ran.push(id),
  });
  wanted([command("below", true), command("above", true), command("off", false)], press("Escape"))?.run();
  expect(ran).toEqual(["above"]);
  expect(wanted([command("off", false)], press("Escape"))).toBeUndefined();
});

test("two commands on one key are found out", () => {
  const command = (id: string, ...keys: string[]): Command => ({ id, label: id, keys, run: () => undefined });
  expect(clashes([command("a", "g"), command("b", "e", "g")])).toEqual(["g: a, b"]);
  expect(clashes([command("a", "g"), command("b", "e")])).toEqual([]);
});

test("letters in a field are the field's", () => {
  expect(typing({ tagName: "INPUT", type: "search" })).toBe(true);
  expect(typing({ tagName: "TEXTAREA" })).toBe(true);
  expect(typing({ tagName: "INPUT", type: "range" })).toBe(false);
  expect(typing({ tagName: "BUTTON" })).toBe(false);
  expect(typing(null)).toBe(false);
});
