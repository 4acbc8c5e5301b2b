import { useEffect, useId, useState } from "react";

import { inputLook } from "../../components/Field.tsx";
import { Icon } from "../../components/Icon.tsx";
import { classes } from "../../lib/classes.ts";
import { readKey, showKey, type Key } from "../../lib/key.ts";

/** How long nothing is typed before it is looked for, in ms. */
const patience = 200;

/** Asks for the prefix of the keys to show, and tells it once the typing rests. */
export function PrefixSearch({ prefix, onChange }: { prefix: Key; onChange(prefix: Key): void }) {
  const id = useId();
  const [text, setText] = useState(() => showKey(prefix));
  const [known, setKnown] = useState(prefix);
  let written = readKey(text);
  if (known !== prefix) {
    setKnown(prefix);
    // It was changed by the address, as by a step back.
    if (written !== prefix) {
      setText(showKey(prefix));
      written = prefix;
    }
  }
  useEffect(() => {
    if (written === prefix) return;
    const timer = setTimeout(() => onChange(written), patience);
    return () => clearTimeout(timer);
  }, [written, prefix, onChange]);
  return (
    <div className="relative">
      <label htmlFor={id} className="sr-only">
        Prefix of the keys
      </label>
      <span className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-muted">
        <Icon name="search" />
      </span>
      <input
        id={id}
        type="search"
        value={text}
        onChange={(event) => setText(event.target.value)}
        placeholder="Prefix, as user/ (\xff for a byte)"
        autoCapitalize="off"
        autoComplete="off"
        spellCheck={false}
        className={classes(inputLook, "pl-8! font-mono text-sm")}
      />
    </div>
  );
}
