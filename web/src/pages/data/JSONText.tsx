import { useMemo } from "react";

/** What is longer is not coloured, since each token takes an element. */
const longestColoured = 64 << 10;

const looks = {
  key: "text-info",
  string: "text-accent",
  number: "text-warning",
  word: "text-series-4",
} as const;

interface Token {
  text: string;
  look?: keyof typeof looks;
}

/** JSON in colours by what its parts are. */
export function JSONText({ text }: { text: string }) {
  const tokens = useMemo(
    () => (text.length > longestColoured ? [{ text }] : tokensOf(text)),
    [text],
  );
  return (
    <pre className="p-4 font-mono text-[0.8125rem] leading-5 break-all whitespace-pre-wrap">
      {tokens.map(({ text: part, look }, i) =>
        look ? (
          <span key={i} className={looks[look]}>
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </pre>
  );
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (const [part, key, string, number, word] of text.matchAll(
    /("(?:[^"\\]|\\.)*")(?=\s*:)|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null)|[^"\dtfn-]+/g,
  )) {
    const look = key ? "key" : string ? "string" : number ? "number" : word ? "word" : undefined;
    tokens.push({ text: part, look });
  }
  return tokens;
}
