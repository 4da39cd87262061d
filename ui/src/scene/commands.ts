/** A command is one object that menu, key, palette and button share. */
export interface Command {
  readonly id: string;
  /** In the person's language. */
  readonly label: string;
  /** Such as "g", "Ctrl+k", "Shift+ArrowRight"; the first is the one that is shown. */
  readonly keys?: readonly string[];
  readonly enabled?: () => boolean;
  readonly run: () => void;
}

/** What of a key press matters; a KeyboardEvent has it. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/** The name of a press as commands write it. Shift is named only beside keys that are no characters: "?" is "?". */
export function named({ key, ctrlKey, metaKey, altKey, shiftKey }: Press): string {
  const letter = key.length === 1;
  const parts = [];
  if (ctrlKey || metaKey) parts.push("Ctrl");
  if (altKey) parts.push("Alt");
  if (shiftKey && (!letter || ctrlKey || metaKey || altKey)) parts.push("Shift");
  parts.push(letter ? key.toLowerCase() : key);
  return parts.join("+");
}

/** The command that a press asks for: the last of those that share a key, so that what lies on top is asked first. */
export function wanted(commands: readonly Command[], press: Press): Command | undefined {
  const name = named(press);
  return commands.findLast((c) => c.keys?.includes(name) && (c.enabled?.() ?? true));
}

/** Two commands on one key, which a person could not tell apart. */
export function clashes(commands: readonly Command[]): string[] {
  const seen = new Map<string, string>();
  const out: string[] = [];
  for (const c of commands)
    for (const key of c.keys ?? []) {
      const other = seen.get(key);
      if (other !== undefined && other !== c.id) out.push(`${key}: ${other}, ${c.id}`);
      seen.set(key, c.id);
    }
  return out;
}

/** Whether what is typed belongs to a field, so that letters are no commands. */
export function typing(target: { tagName?: string; isContentEditable?: boolean; type?: string } | null): boolean {
  if (!target) return false;
  if (target.isContentEditable || target.tagName === "TEXTAREA" || target.tagName === "SELECT") return true;
  return target.tagName === "INPUT" && !["checkbox", "radio", "range", "button", "submit"].includes(target.type ?? "text");
}
