const key = "mantisdb.console";
const most = 200;

/** Commands whose arguments may be secrets, which are not kept. */
const secretive = /^\s*(auth|hello|acl|config\s+set)\b/i;

/** The lines that were run in this tab, oldest first; they are gone when it is closed. */
export function readHistory(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((line) => typeof line === "string") : [];
  } catch {
    return [];
  }
}

/** Adds a line, unless it is as the last one, and returns what is kept then. */
export function addToHistory(history: readonly string[], line: string): string[] {
  if (secretive.test(line) || history.at(-1) === line) return [...history];
  const kept = [...history, line].slice(-most);
  sessionStorage.setItem(key, JSON.stringify(kept));
  return kept;
}
