/** The words of a line that are ended, and the one at its end, which may be empty. */
export interface Words {
  ended: string[];
  last: string;
}

/** Splits what was typed so far. Quotes keep words together, as for redis-cli. */
export function wordsOf(line: string): Words {
  const ended: string[] = [];
  let last = "";
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote) {
      if (c === "\\" && quote === '"') last += line[++i] ?? "";
      else if (c === quote) quote = "";
      else last += c;
    } else if (c === '"' || c === "'") {
      quote = c;
    } else if (/\s/.test(c)) {
      if (last) ended.push(last);
      last = "";
    } else {
      last += c;
    }
  }
  return { ended, last };
}
