import { takeEntry, writeEntry, type Entry, type EntryName } from "../../api/entries.ts";
import { explain, Problem } from "../../api/problem.ts";
import { toast } from "../../components/toasts.ts";
import { showKey } from "../../lib/key.ts";

/** Removes an entry, and offers to put it back as it was, calling a function once it is. */
export async function removeWithUndo(name: EntryName, onRestored: () => void): Promise<void> {
  const removed = await takeEntry(name);
  const text = `${short(showKey(name.key))} was deleted`;
  if (!removed) {
    toast(text);
    return;
  }
  toast(text, { action: { label: "Undo", run: () => void restore(name, removed, onRestored) } });
}

/** Puts an entry back, unless there is a newer one by now. */
async function restore(name: EntryName, entry: Entry, onRestored: () => void) {
  const left = entry.expiresAt === null ? null : entry.expiresAt - Date.now();
  if (left !== null && left <= 0) {
    toast(`${short(showKey(name.key))} would have expired by now`);
    return;
  }
  try {
    await writeEntry(name, entry.value, left, { absent: true });
    toast(`${short(showKey(name.key))} is back`);
    onRestored();
  } catch (error) {
    const isTaken =
      error instanceof Problem &&
      (error.kind === "key-exists" || error.kind === "condition-failed");
    toast(isTaken ? "The key has a new value by now, which stays" : explain(error), {
      kind: "error",
    });
  }
}

function short(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
