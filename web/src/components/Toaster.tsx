import { classes } from "../lib/classes.ts";
import { useStore } from "../lib/store.ts";
import { Button, IconButton } from "./Button.tsx";
import { dismiss, toasts } from "./toasts.ts";

/** The messages that toast() shows, read out as they come. */
export function Toaster() {
  const shown = useStore(toasts);
  return (
    <div
      aria-live="polite"
      className="pointer-events-none fixed inset-x-4 bottom-4 z-50 flex flex-col items-end gap-2 max-md:bottom-20 md:left-60 md:items-start"
    >
      {shown.map((one) => (
        <div
          key={one.id}
          className={classes(
            "pointer-events-auto flex max-w-md items-center gap-3 rounded-xl border bg-surface py-2 pr-2 pl-4 shadow-float",
            one.kind === "error" ? "border-danger text-danger" : "border-line",
          )}
        >
          <span className="min-w-0 break-words">{one.text}</span>
          {one.action && (
            <Button
              small
              onClick={() => {
                dismiss(one.id);
                one.action?.run();
              }}
            >
              {one.action.label}
            </Button>
          )}
          <IconButton label="Dismiss" icon="close" small onClick={() => dismiss(one.id)} />
        </div>
      ))}
    </div>
  );
}
